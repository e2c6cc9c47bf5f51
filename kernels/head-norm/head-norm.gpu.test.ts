import { openTestGpu } from '@quern/gpu/testing';
import { expect, test } from 'vitest';
import { nmse, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { headNormRef } from './head-norm.ref.ts';
import { headNorm } from './head-norm.ts';

test.each([
  [1, 8, 0, 1, 8],
  [3, 96, 32, 5, 8],
  [7, 640, 512, 1, 128],
])('%i rows of %i: from %i on, %i heads of %i', async (rows, stride, first, count, width) => {
  const gpu = await openTestGpu();
  const values = randomF32(rows * stride, 1);
  const weight = randomF32(width, 2);
  const x = upload(gpu, values, [rows, stride]);
  const step = stepTensor(
    gpu,
    Array.from({ length: rows }, () => ({})),
  );
  await runOp(gpu, (rec) =>
    headNorm(rec, { x, first, count, weight: upload(gpu, weight, [width]), epsilon: 1e-6, step }),
  );
  const actual = await readF32(gpu, x);
  const expected = headNormRef(values, { stride, first, count, weight, epsilon: 1e-6 });
  expect(nmse(actual, expected)).toBeLessThanOrEqual(1e-10);
});
