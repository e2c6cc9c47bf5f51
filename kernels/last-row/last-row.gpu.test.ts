import { openTestGpu } from '@quern/gpu/testing';
import { expect, test } from 'vitest';
import { poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { lastRowRef } from './last-row.ref.ts';
import { lastRow } from './last-row.ts';

test.each([
  [1, 1, 8],
  [5, 3, 260],
  [33, 33, 4],
])('of %i rows, %i live, %i values', async (rows, live, n) => {
  const gpu = await openTestGpu();
  const x = randomF32(rows * n, 4);
  const y = poisoned(gpu, [1, n]);
  const step = stepTensor(
    gpu,
    Array.from({ length: rows }, () => ({})),
    live,
  );
  await runOp(gpu, (rec) => lastRow(rec, { x: upload(gpu, x, [rows, n]), step, y }));
  expect((await readF32(gpu, y)).subarray(0, n)).toEqual(lastRowRef(x, n, live));
});
