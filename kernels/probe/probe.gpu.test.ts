import { openTestGpu } from '@quern/gpu/testing';
import { expect, test } from 'vitest';
import { nmse, poisoned, randomF32, readF32, runOp, upload } from '../testing/run-op.ts';
import { turnRef } from './probe.ref.ts';
import { probeCopy, probeTurn } from './probe.ts';

test.each([4, 260, 4 * 64 * 3 + 8])('a copy of %i values', async (n) => {
  const gpu = await openTestGpu();
  const x = randomF32(n, 3);
  const y = poisoned(gpu, [n]);
  await runOp(gpu, (rec) => probeCopy(rec, { x: upload(gpu, x, [n]), y }));
  expect(await readF32(gpu, y)).toEqual(x);
});

test.each([0, 1, 50])('vectors that are turned %i times', async (rounds) => {
  const gpu = await openTestGpu();
  const x = randomF32(20, 4);
  const y = poisoned(gpu, [128, 4]);
  await runOp(gpu, (rec) => probeTurn(rec, { x: upload(gpu, x, [5, 4]), y, rounds }));
  const expected = Array.from({ length: 128 }, (_, thread) =>
    turnRef(x, x.subarray(16), thread, rounds),
  ).flat();
  expect(nmse(await readF32(gpu, y), expected)).toBeLessThanOrEqual(1e-9);
});
