// Quern in Node, as its package is built: WebGPU is Dawn, on the machine's GPU or else on SwiftShader.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DIST } from '../../build/paths.js';

export async function load({ model, contextLength, numerics }) {
  const { createEngine } = await import(pathToFileURL(join(DIST, 'node.js')).href);
  const engine = await createEngine({ model, contextLength, ...(numerics && { numerics }) });
  const { adapter, contextLength: room, numerics: computed, variants } = await engine.info();
  const name = adapter.description || [adapter.vendor, adapter.architecture].filter(Boolean).join(' ');
  return {
    device: `${name || 'unnamed'}${adapter.software ? ', software' : ''}, ${computed}`,
    contextLength: room,
    notes: [`variants ${JSON.stringify(variants)}`],
    async run(prompt, tokens, onText) {
      const request = { prompt, max_tokens: tokens, temperature: 0, ignore_eos: true, stream: true };
      const stream_options = { include_usage: true };
      let length = 0;
      for await (const { choices, usage } of engine.completions.create({ ...request, stream_options })) {
        if (choices[0]?.text) onText(choices[0].text);
        if (usage) length = usage.prompt_tokens;
      }
      return length;
    },
  };
}
