// How weights get to the GPU: within a budget of bytes, checked on arrival, with everything else made beside them.

import { loadEngine } from '@quern/engine';
import { openDawn } from '@quern/gpu/node';
import { ByteBudget } from '@quern/store';
import { expect, test } from 'vitest';
import { caseSource, readCase } from './case.ts';
import { bytesOf, gated } from './gated-source.ts';
import { overlaid } from './overlaid.ts';
import { answer, loadCase } from './requests.ts';

const CASE = 'quant-q8_0';
const { promptIds, greedyIds } = readCase(CASE);

/** Dawn with writes to the buffers of one tensor that are lost, and none so large that tensors would share it. */
async function forgetful(label: string): Promise<GPU> {
  const entry = await openDawn();
  return {
    wgslLanguageFeatures: entry.wgslLanguageFeatures,
    async requestAdapter() {
      const adapter = (await entry.requestAdapter())!;
      const requestDevice = async (descriptor: GPUDeviceDescriptor) => {
        const device = await adapter.requestDevice(descriptor);
        const { queue } = device;
        const writeBuffer = (buffer: GPUBuffer, offset: number, data: Uint8Array<ArrayBuffer>) => {
          if (buffer.label !== label) queue.writeBuffer(buffer, offset, data);
        };
        return overlaid(device, { queue: overlaid(queue, { writeBuffer }) });
      };
      const limits = overlaid(adapter.limits, { maxBufferSize: 2 ** 22 });
      return overlaid(adapter, { requestDevice, limits });
    },
  } as unknown as GPU;
}

test('no more than the budget is held, and all of it is given back', async () => {
  const budget = new ByteBudget(64 << 10);
  const engine = await loadCase(CASE, { budget });
  expect(budget.held).toBe(0);
  expect(budget.most).toBeGreaterThan(0);
  expect(budget.most).toBeLessThanOrEqual(budget.limit);
  expect((await answer(engine, promptIds)).ids).toEqual(greedyIds.slice(0, 8));
  const { timings } = engine.info();
  expect(timings.lastByteMs).toBeLessThanOrEqual(timings.uploadMs);
  expect(timings.uploadMs).toBeLessThanOrEqual(timings.loadMs);
  await engine.unload();
});

test('a load that is aborted gives all of it back', async () => {
  const bytes = await bytesOf(caseSource(CASE));
  const budget = new ByteBudget(64 << 10);
  const stop = new AbortController();
  const source = gated(bytes, bytes.length - 8000);
  const loading = loadEngine({ sources: [source], gpu: await openDawn(), budget, signal: stop.signal });
  loading.catch(() => undefined);
  while (source.waiting === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  await expect(loading).rejects.toMatchObject({ code: 'aborted' });
  expect(budget.held).toBe(0);
});

test('writes that the GPU lost are found, and told by tensor and rows', async () => {
  const loading = loadEngine({ sources: [caseSource(CASE)], gpu: await forgetful('blk.0.ffn_down') });
  await expect(loading).rejects.toMatchObject({
    code: 'gpu-error',
    message: expect.stringMatching(/'blk\.0\.ffn_down\.weight' did not arrive: rows 0 to \d+ .*driver/),
  });
});

test('a tokenizer that does not work is refused before any weight has come', async () => {
  const bytes = await bytesOf(caseSource(CASE));
  const text = Buffer.from(bytes);
  const key = 'tokenizer.ggml.model';
  const at = text.indexOf(key) + key.length + 12; // the type of the value and its length
  expect(text.subarray(at, at + 4).toString()).toBe('gpt2');
  bytes.set(Buffer.from('gpt9'), at);
  const source = gated(bytes, bytes.length - 100_000);
  await expect(loadEngine({ sources: [source], gpu: await openDawn() })).rejects.toMatchObject({
    code: 'unsupported-tokenizer',
  });
});
