import { openTestGpu } from '@quern/gpu/testing';
import { expect, test } from 'vitest';
import type { BenchRow } from '@quern/spec';
import { measureRoofline, withLeast, withLine } from './roofline.ts';

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

test('the line at a depth is the speed at none and what attention costs at least', () => {
  const limits = {
    bytesPerSecond: 1e9,
    flopsPerSecond: 1e10,
    dispatchMicroseconds: 2,
    readbackMilliseconds: 1,
  };
  const decode = (depth: number, kvBytes: number, kvFlops: number): BenchRow => {
    const step = { dispatches: 1, scriptMicroseconds: 1, kvBytes, kvFlops };
    return { test: 'decode', tokens: 4, depth, tokensPerSecond: [50, 100, 200], step };
  };
  // 10 ms a token, and 10 ms for 10 MB, or for 100 MFLOP.
  const [start, bytes, flops] = withLine(
    [decode(0, 1e6, 1e7), decode(64, 11e6, 1e7), decode(64, 1e6, 11e7)],
    limits,
  );
  expect(start!.line).toBeUndefined();
  expect(bytes!.line).toBeCloseTo(50);
  expect(flops!.line).toBeCloseTo(50);
  expect(withLine([bytes!], limits)).toEqual([bytes]); // nothing to begin from
});
