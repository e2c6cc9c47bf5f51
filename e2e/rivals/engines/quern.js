// Quern, as its package is published.
export async function load({ contextLength }) {
  const { createEngine } = await import('/quern/index.js');
  const engine = await createEngine({ model: '/model.gguf', contextLength });
  const { adapter, variants, timings } = await engine.info();
  return {
    notes: [
      `adapter ${adapter.description || adapter.vendor}${adapter.software ? ' (software)' : ''}`,
      `compile ${Math.round(timings.compileMs)} ms, beside the download`,
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
