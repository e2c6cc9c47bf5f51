import { openTestGpu } from '@quern/gpu/testing';
import { expect, test } from 'vitest';
import { nmse, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { clampRef } from './clamp.ref.ts';
import { clamp } from './clamp.ts';

test.each([
  [1, 4],
  [3, 260],
])('%i rows of %i, and a dead row left alone', async (rows, n) => {
  const gpu = await openTestGpu();
  const values = randomF32((rows + 1) * n, 6);
  const x = upload(gpu, values, [rows + 1, n]);
  const step = stepTensor(
    gpu,
    Array.from({ length: rows + 1 }, () => ({})),
    rows,
  );
  await runOp(gpu, (rec) => clamp(rec, { x, most: 0.5, step }));
  const actual = await readF32(gpu, x);
  expect(nmse(actual.subarray(0, rows * n), clampRef(values.subarray(0, rows * n), 0.5))).toBe(0);
  expect(actual.subarray(rows * n)).toEqual(values.subarray(rows * n));
});
