// `quern bench`: prefill and decode speed, as llama-bench shows them.

import type { BenchRow } from '@quern/spec';
import { DEFAULT_BENCH } from '../api/engine.ts';
import { loadRequest, MODEL_OPTIONS, parseCommand, wholeNumber, wholeNumbers } from './arguments.ts';
import { adapterName, withModel } from './loaded.ts';
import { kernelTables, profileKernels } from './kernel-tables.ts';
import type { Command } from './tools.ts';
import { bytes, count, table } from './words.ts';

export const bench: Command = {
  usage: `quern bench <model> [options]

  -p 128,512          prompt lengths to prefill
  -n 64               tokens to decode; 0 for none
  -d 0,512            how many tokens the cache holds before them
  -r 3                repetitions
  --context N, --kv TYPE, --variant axis=value, --json  as for run`,

  async run(args, tools) {
    const { model, values } = parseCommand(args, {
      ...MODEL_OPTIONS,
      prompt: { type: 'string', short: 'p' },
      tokens: { type: 'string', short: 'n' },
      depths: { type: 'string', short: 'd' },
      repetitions: { type: 'string', short: 'r' },
    });
    const request = {
      promptTokens: (wholeNumbers(values, 'prompt', 0) ?? DEFAULT_BENCH.promptTokens).filter((n) => n > 0),
      decodeTokens: wholeNumber(values, 'tokens', 0) ?? DEFAULT_BENCH.decodeTokens,
      depths: wholeNumbers(values, 'depths', 0) ?? DEFAULT_BENCH.depths,
      repetitions: wholeNumber(values, 'repetitions', 1) ?? DEFAULT_BENCH.repetitions,
    };
    await withModel(loadRequest(model, values), tools, async (engine, info) => {
      const rows: Array<ReturnType<typeof statistics>> = [];
      for await (const row of engine.bench(request, tools.signal)) {
        rows.push(statistics(row));
        tools.err(`${testName(row)}: ${rows.at(-1)!.tokens_per_second.toFixed(2)} tokens/s\n`);
      }
      const kernels = await profileKernels(engine, info);
      if (values['json'] === true) {
        const { architecture: arch, parameters, memory, adapter, variants, timings } = info;
        const result = {
          model: info.model,
          arch,
          parameters,
          kv: info.kv,
          rows,
          kernels,
          timings,
          memory,
          adapter,
          variants,
        };
        tools.out(`${JSON.stringify(result)}\n`);
        return;
      }
      const shared = [
        info.model,
        bytes(info.memory.weightBytes),
        count(info.parameters),
        adapterName(info.adapter),
      ];
      tools.out(
        table(
          ['model', 'size', 'params', 'adapter', 'test', 't/s'],
          rows.map(({ test, tokens, depth, tokens_per_second: mean, stddev }) => [
            ...shared,
            testName({ test, tokens, depth }),
            `${mean.toFixed(2)} ± ${stddev.toFixed(2)}`,
          ]),
        ) + kernelTables(kernels),
      );
    });
  },
};

/** llama-bench's names: pp128, tg64, tg64 @ d512. */
function testName({ test, tokens, depth }: Pick<BenchRow, 'test' | 'tokens' | 'depth'>): string {
  return `${test === 'prefill' ? 'pp' : 'tg'}${tokens}${depth > 0 ? ` @ d${depth}` : ''}`;
}

function statistics({ test, tokens, depth, tokensPerSecond: samples }: BenchRow) {
  const mean = samples.reduce((sum, value) => sum + value, 0) / Math.max(1, samples.length);
  const squares = samples.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const stddev = samples.length > 1 ? Math.sqrt(squares / (samples.length - 1)) : 0;
  return { test, tokens, depth, tokens_per_second: mean, stddev, samples };
}
