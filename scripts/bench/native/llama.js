// llama.cpp in Node, by node-llama-cpp's ready-made builds. Where a GPU's build does not run, it computes on the CPU
// without an error: `device` is what it says that it has.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PACKAGES } from '../packages.js';

/** `gpu`: auto, cuda, vulkan, metal or cpu. */
export async function load({ model, contextLength, gpu }) {
  const entry = join(PACKAGES, 'node-llama-cpp', 'dist', 'index.js');
  const { getLlama, LlamaLogLevel } = await import(pathToFileURL(entry).href);
  const llama = await getLlama({
    gpu: gpu === 'cpu' ? false : gpu,
    build: 'never',
    skipDownload: true,
    logLevel: LlamaLogLevel.error,
    // Its threads wait for each other by spinning: more of them than cores, and it all but stands still.
    maxThreads: availableParallelism(),
  });
  const devices = llama.gpu ? await llama.getGpuDeviceNames() : [];
  const loaded = await llama.loadModel({ modelPath: model, gpuLayers: llama.gpu ? 'max' : 0 });
  const context = await loaded.createContext({ contextSize: contextLength, batchSize: 512, sequences: 1 });
  const sequence = context.getSequence();
  return {
    device: llama.gpu
      ? `${llama.gpu}, ${devices.join(', ') || 'no device named'}, ${loaded.gpuLayers} layers on it`
      : `CPU, ${context.currentThreads} threads`,
    contextLength: context.contextSize,
    notes: [],
    async run(prompt, tokens, onText) {
      await sequence.clearHistory();
      const ids = [...loaded.tokenize(prompt)];
      if (loaded.tokens.shouldPrependBosToken && loaded.tokens.bos !== null) ids.unshift(loaded.tokens.bos);
      let written = 0;
      // Ids of which text is made one by one may leave half a letter out: here only its time counts.
      for await (const id of sequence.evaluate(ids, { temperature: 0, topK: 1, yieldEogToken: true })) {
        onText(loaded.detokenize([id]) || ' ');
        if (++written === tokens) break;
      }
      return ids.length;
    },
  };
}
