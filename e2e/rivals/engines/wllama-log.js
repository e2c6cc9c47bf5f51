// wllama over the same file, and the lines of its log that tell where the layers went.
const THREADS = 2;
const TELLING = /offload|WebGPU|model buffer size/i;

export async function loadWllama({ contextLength }, n_gpu_layers) {
  const { Wllama } = await import('/wllama/esm/index.js');
  const lines = [];
  const keep = (...words) => lines.push(...words.join(' ').split('\n'));
  const logger = { debug: keep, log: keep, warn: keep, error: keep };
  const wllama = new Wllama({ default: '/wllama/esm/wasm/wllama.wasm' }, { logger });
  wllama.setCompat(null); // nothing from another origin
  await wllama.loadModelFromUrl(new URL('/model.gguf', location.href).href, {
    n_ctx: contextLength,
    n_batch: 512,
    n_parallel: 1,
    n_threads: THREADS,
    n_gpu_layers,
  });
  return {
    device: n_gpu_layers > 0 ? 'WebGPU asked' : `CPU, ${wllama.getNumThreads()} threads`,
    contextLength: wllama.getLoadedContextInfo().n_ctx,
    notes: [...new Set(lines.filter((line) => TELLING.test(line)).map((line) => line.trim()))],
    async run(prompt, tokens, onText) {
      let length = 0;
      await wllama.createCompletion({
        prompt,
        max_tokens: tokens,
        temperature: 0,
        temp: 0,
        top_k: 1,
        cache_prompt: false,
        ignore_eos: true,
        stream: true,
        stream_options: { include_usage: true },
        onData({ choices, usage, timings }) {
          if (choices[0]?.text) onText(choices[0].text);
          length = usage?.prompt_tokens ?? timings?.prompt_n ?? length;
        },
      });
      return length;
    },
  };
}
