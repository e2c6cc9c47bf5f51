// A prompt that comes with a load: computed layer by layer while weights arrive, and with the answer that it has
// without.

import { loadEngine } from '@quern/engine';
import { openGguf } from '@quern/formats';
import { memorySource } from '@quern/formats/testing';
import { openDawn } from '@quern/gpu/node';
import { expect } from 'vitest';
import { caseSource, readCase } from './case.ts';
import { bytesOf, gated } from './gated-source.ts';
import { overlaid } from './overlaid.ts';
import { answer, loadCase } from './requests.ts';

/** Tokens: three chunks of a software adapter. */
const TOKENS = 75;
const CHUNKS = 3;

/** The weights of the last layer come when the GPU has computed all chunks through the others. */
export async function checkEarly(name: string): Promise<void> {
  const { promptIds } = readCase(name);
  const ids = Array.from({ length: TOKENS }, (_, i) => promptIds[i % promptIds.length]!);
  const plain = await loadCase(name);
  const expected = await answer(plain, ids);
  expect(expected.usage.cachedTokens).toBe(0);
  await plain.unload();

  const bytes = await bytesOf(caseSource(name));
  const { tensors } = await openGguf([memorySource(bytes)]);
  const layerOf = (tensor: string) => Number(/^blk\.(\d+)\./.exec(tensor)?.[1] ?? -1);
  const last = Math.max(...[...tensors.keys()].map(layerOf));
  const others = [...tensors.values()].filter(
    ({ name: of }) => layerOf(of) < last && !of.startsWith('output'),
  );
  const source = gated(bytes, Math.max(...others.map(({ offset, byteLength }) => offset + byteLength)));
  const { gpu, passes } = await watched();
  const loading = loadEngine({ sources: [source], gpu, kv: 'f32', prompt: { kind: 'ids', ids } });
  loading.catch(() => undefined);
  // The embedding, and layers 0 to `last` - 1.
  const early = CHUNKS * (1 + last);
  while (passes() < early) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(passes()).toBe(early);
  source.open();
  const engine = await loading;
  expect(passes()).toBe(early + CHUNKS);
  expect(engine.info().timings.promptMs).toBeGreaterThan(0);
  const found = await answer(engine, ids);
  expect(found.usage.cachedTokens).toBe(TOKENS - 1);
  expect(found.ids).toEqual(expected.ids);
  await engine.unload();
}

/** Dawn that counts the compute passes that were submitted. */
async function watched(): Promise<{ gpu: GPU; passes(): number }> {
  const entry = await openDawn();
  let passes = 0;
  const gpu = {
    wgslLanguageFeatures: entry.wgslLanguageFeatures,
    async requestAdapter() {
      const adapter = (await entry.requestAdapter())!;
      const requestDevice = async (descriptor: GPUDeviceDescriptor) => {
        const device = await adapter.requestDevice(descriptor);
        const createCommandEncoder = (what: GPUCommandEncoderDescriptor) => {
          const encoder = device.createCommandEncoder(what);
          const beginComputePass = (pass: GPUComputePassDescriptor) => {
            passes++;
            return encoder.beginComputePass(pass);
          };
          return overlaid(encoder, { beginComputePass });
        };
        return overlaid(device, { createCommandEncoder });
      };
      return overlaid(adapter, { requestDevice });
    },
  } as unknown as GPU;
  return { gpu, passes: () => passes };
}
