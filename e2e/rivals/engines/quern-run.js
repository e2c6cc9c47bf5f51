// Quern, as its package is published, with options of the caller's.
export async function loadQuern({ contextLength }, options) {
  const { createEngine } = await import('/quern/index.js');
  const engine = await createEngine({ model: '/model.gguf', contextLength, ...options });
  const info = await engine.info();
  const { adapter, numerics, variants, timings, memory } = info;
  return {
    device: `WebGPU, ${numerics}`,
    contextLength: info.contextLength,
    notes: [
      `adapter ${adapter.description || adapter.vendor}${adapter.software ? ' (software)' : ''}`,
      `compile ${Math.round(timings.compileMs)} ms, beside the download`,
      `GPU buffers: weights ${memory.weightBytes}, KV ${memory.kvBytes}, scratch ${memory.scratchBytes}`,
      `variants ${JSON.stringify(variants)}`,
    ],
    async run(prompt, tokens, onText) {
      const request = { prompt, max_tokens: tokens, temperature: 0, ignore_eos: true, stream: true };
      let length = 0;
      const stream_options = { include_usage: true };
      for await (const { choices, usage } of engine.completions.create({ ...request, stream_options })) {
        if (choices[0]?.text) onText(choices[0].text);
        if (usage) length = usage.prompt_tokens;
      }
      return length;
    },
  };
}
