// `quern download`: a model into the cache, without running it.

import { parseCommand, loadRequest } from './arguments.ts';
import { progressLine } from './progress-line.ts';
import type { Command } from './tools.ts';
import { bytes, plain } from './words.ts';

export const download: Command = {
  usage: `quern download <model> [--make-room]

  fetches a model into the cache; Ctrl-C pauses it, and the same command goes on from what has come
  --make-room         deletes the least recently used models of the cache where the disk has no room`,

  async run(args, tools) {
    const { model, values } = parseCommand(args, { 'make-room': { type: 'boolean' } });
    const { token, hubBaseUrl } = loadRequest(model, values);
    const line = progressLine(tools);
    try {
      const cached = await tools.models.download({
        model,
        token,
        hubBaseUrl,
        makeRoom: values['make-room'] === true ? 'least-recently-used' : 'never',
        onProgress: line.show,
        onWarning: line.warn,
        signal: tools.signal,
      });
      line.clear();
      tools.err(`${plain(cached.name)}: ${bytes(cached.bytes)} in the cache\n`);
      tools.out(`${plain(cached.id)}\n`);
    } catch (error) {
      line.clear();
      if (tools.signal.aborted) {
        tools.err('quern: paused; what has come is kept, and the same command goes on from there\n');
      }
      throw error;
    }
  },
};
