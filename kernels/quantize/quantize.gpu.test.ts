import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { quantizeRef } from './quantize.ref.ts';
import { GROUP_WORDS, quantize } from './quantize.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
beforeEach((context) => {
  if (!gpu.caps.dot4) context.skip('this adapter has no packed integer dot product');
});

/** Rows beyond `live` must be left alone. */
async function check(x: Float32Array<ArrayBuffer>, cols: number, live = x.length / cols): Promise<void> {
  const rows = x.length / cols;
  const y = poisoned(gpu, [rows, (cols / 32) * GROUP_WORDS]);
  const step = stepTensor(
    gpu,
    Array.from({ length: rows }, () => ({})),
    live,
  );
  await runOp(gpu, (rec) => quantize(rec, { x: upload(gpu, x, [rows, cols]), step, y }));
  const floats = await readF32(gpu, y);
  const bytes = new Int8Array(floats.buffer);
  quantizeRef(x).forEach((group, i) => {
    const at = i * GROUP_WORDS;
    if (i >= (live * cols) / 32) {
      expect(floats.subarray(at, at + GROUP_WORDS).every(Number.isNaN), 'a dead row was written').toBe(true);
      return;
    }
    const [scale, low, high] = floats.subarray(at + 8, at + 11) as unknown as [number, number, number];
    expect(Math.abs(scale - group.scale)).toBeLessThanOrEqual(group.scale * 1e-6);
    const codes = [...bytes.subarray(at * 4, at * 4 + 32)];
    // The same codes, or the neighbour where a value lies between two.
    codes.forEach((code, n) => {
      const value = group.scale === 0 ? 0 : x[i * 32 + n]! / group.scale;
      expect(Math.abs(code - value)).toBeLessThanOrEqual(0.5001);
    });
    const sum = (from: number) => scale * codes.slice(from, from + 16).reduce((a, b) => a + b, 0);
    expect(Math.abs(low - sum(0))).toBeLessThanOrEqual(Math.abs(low) * 1e-6);
    expect(Math.abs(high - sum(16))).toBeLessThanOrEqual(Math.abs(high) * 1e-6);
  });
}

test('random rows, the last of them padding', async () => {
  await check(randomF32(3 * 576, 5), 576, 2);
});
test('more groups than a workgroup has threads', async () => {
  await check(randomF32(2 * 1056, 6), 1056);
});
test('zeros, and one value among zeros', async () => {
  const x = new Float32Array(64);
  x[40] = -3;
  await check(x, 64);
});
test.each([1e30, 1e-25, 1e-35])('values times %s', async (factor) => {
  await check(
    randomF32(96, 7).map((v) => v * factor),
    96,
  );
});
test('the largest at both ends of the range', async () => {
  const x = randomF32(32, 8);
  x[3] = 1;
  x[30] = -1;
  await check(x, 32);
});
