// Firefox answers a map, and "work done", when something is next submitted, or else every 100 ms. Here the tick never
// comes: a wait that does not poke the queue (packages/gpu/src/queue-done.ts) hangs, rather than being slow.

import { openDawn } from '@quern/gpu/node';
import { expect, test } from 'vitest';
import { readCase } from './case.ts';
import { overlaid } from './overlaid.ts';
import { answer, loadCase } from './requests.ts';

const CASE = 'arch-llama';
const CONTEXT = 256;
const { promptIds, greedyIds } = readCase(CASE);

/** Dawn, but what is done is told at the next submit. */
async function tellingAtSubmit(): Promise<GPU> {
  const entry = await openDawn();
  return {
    wgslLanguageFeatures: entry.wgslLanguageFeatures,
    async requestAdapter() {
      const adapter = (await entry.requestAdapter())!;
      const requestDevice = async (descriptor: GPUDeviceDescriptor) => {
        const device = await adapter.requestDevice(descriptor);
        const { queue } = device;
        let untold: Array<() => void> = [];
        const late = <T>(done: Promise<T>) =>
          new Promise<T>((resolve, reject) => {
            done.then((value) => untold.push(() => resolve(value)), reject);
          });
        const submit = (buffers: Iterable<GPUCommandBuffer>) => {
          queue.submit(buffers);
          for (const tell of untold) tell();
          untold = [];
        };
        const onSubmittedWorkDone = () => late(queue.onSubmittedWorkDone());
        const createBuffer = (wanted: GPUBufferDescriptor) => {
          const buffer = device.createBuffer(wanted);
          const map = buffer.mapAsync.bind(buffer);
          buffer.mapAsync = (mode) => late(map(mode));
          return buffer;
        };
        return overlaid(device, { queue: overlaid(queue, { submit, onSubmittedWorkDone }), createBuffer });
      };
      return overlaid(adapter, { requestDevice });
    },
  } as unknown as GPU;
}

test('whatever the engine waits for comes without the tick', { timeout: 30_000 }, async () => {
  const engine = await loadCase(CASE, { gpu: await tellingAtSubmit(), contextLength: CONTEXT });
  expect((await answer(engine, promptIds)).ids).toEqual(greedyIds.slice(0, 8));
  // Several chunks, so that the first is waited for before the last is submitted.
  const long = Array.from({ length: CONTEXT - 8 }, (_, i) => 5 + (i % 7));
  expect((await answer(engine, long, { maxTokens: 2 })).ids).toHaveLength(2);
  await engine.unload();
});
