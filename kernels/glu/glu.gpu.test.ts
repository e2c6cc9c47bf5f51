import { openTestGpu } from '@quern/gpu/testing';
import { expect, test } from 'vitest';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { gluRef } from './glu.ref.ts';
import { glu } from './glu.ts';

test.each([
  [1, 4],
  [7, 132],
  [33, 1536],
])('glu of %i rows of %i, with gates beyond the range of exp', async (rows, n) => {
  const gpu = await openTestGpu();
  const x = randomF32(rows * 2 * n, 9).map((v) => v * 120);
  const y = poisoned(gpu, [rows, n]);
  const step = stepTensor(
    gpu,
    Array.from({ length: rows }, () => ({})),
  );
  await runOp(gpu, (rec) => glu(rec, { x: upload(gpu, x, [rows, 2 * n]), step, y }));
  expect(nmse(await readF32(gpu, y), gluRef(x, rows, n))).toBeLessThanOrEqual(1e-10);
});
