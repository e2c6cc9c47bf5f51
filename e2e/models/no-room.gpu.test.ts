// A GPU that turns out to have no room: told when its driver has tried, while the first weights come already.

import { openDawn } from '@quern/gpu/node';
import { expect, test } from 'vitest';
import { loadCase } from './requests.ts';

test('a load for which the GPU has no room says so, not what became of the writes', async () => {
  const real = await openDawn();
  const full = {
    wgslLanguageFeatures: real.wgslLanguageFeatures,
    async requestAdapter() {
      const adapter = (await real.requestAdapter())!;
      return new Proxy(adapter, {
        get(target, name) {
          if (name === 'requestDevice') return async () => fullDevice(await target.requestDevice());
          return own(target, name);
        },
      });
    },
  } as unknown as GPU;
  await expect(loadCase('arch-llama', { gpu: full })).rejects.toMatchObject({
    code: 'out-of-memory',
    message: expect.stringMatching(/no room for \d+ bytes of weights/),
  });
});

/** Its allocations fail late, its writes at once. */
function fullDevice(device: GPUDevice): GPUDevice {
  return new Proxy(device, {
    get(target, name) {
      if (name === 'popErrorScope') {
        return async () => {
          await target.popErrorScope();
          await new Promise((resolve) => setTimeout(resolve, 50));
          return { message: 'no room' };
        };
      }
      if (name === 'createCommandEncoder') throw new Error('a buffer is invalid');
      return own(target, name);
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}

function own(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === 'function' ? value.bind(target) : value;
}
