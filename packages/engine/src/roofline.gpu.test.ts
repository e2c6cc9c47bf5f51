import { openTestGpu } from '@quern/gpu/testing';
import { expect, test } from 'vitest';
import { measureRoofline, withLeast } from './roofline.ts';

test('the limits of this adapter are measured and finite', async () => {
  const limits = await measureRoofline(await openTestGpu());
  for (const value of Object.values(limits)) {
    expect(value).toBeGreaterThan(0);
    expect(value).toBeLessThan(1e15);
  }
});

test('an adapter that leaves work undone is refused, not called fast', async () => {
  const gpu = await openTestGpu();
  const lazy = {
    ...gpu,
    device: new Proxy(gpu.device, {
      get(device, name) {
        if (name === 'createCommandEncoder') {
          return () => {
            const encoder = device.createCommandEncoder();
            const begin = encoder.beginComputePass.bind(encoder);
            encoder.beginComputePass = () => {
              const pass = begin();
              pass.dispatchWorkgroups = () => undefined;
              return pass;
            };
            return encoder;
          };
        }
        const value: unknown = Reflect.get(device, name, device);
        return typeof value === 'function' ? value.bind(device) : value;
      },
    }),
  };
  await expect(measureRoofline(lazy)).rejects.toMatchObject({ code: 'gpu-error' });
});

test('the least time of a kernel is what binds it', () => {
  const limits = {
    bytesPerSecond: 1e9,
    flopsPerSecond: 1e10,
    dispatchMicroseconds: 2,
    readbackMilliseconds: 1,
  };
  const kernel = { kernel: 'k', dispatches: 1, microseconds: 100 };
  const least = (bytes: number, flops: number) =>
    withLeast([{ ...kernel, bytes, flops }], limits)[0]!.leastMicroseconds;
  expect(least(50_000, 100_000)).toBeCloseTo(50);
  expect(least(50_000, 800_000)).toBeCloseTo(80);
  expect(least(10, 10)).toBe(2);
});
