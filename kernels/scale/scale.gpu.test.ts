import { openTestGpu } from '@quern/gpu/testing';
import { expect, test } from 'vitest';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { scaleRef } from './scale.ref.ts';
import { scale } from './scale.ts';

test.each([
  [1, 4, false],
  [3, 260, true],
])('%i rows of %i, onto a residual: %s', async (rows, n, added) => {
  const gpu = await openTestGpu();
  const x = randomF32(rows * n, 6);
  const residual = added ? randomF32(rows * n, 7) : undefined;
  const y = poisoned(gpu, [rows, n]);
  await runOp(gpu, (rec) =>
    scale(rec, {
      x: upload(gpu, x, [rows, n]),
      factor: 0.22,
      residual: residual && upload(gpu, residual, [rows, n]),
      step: stepTensor(
        gpu,
        Array.from({ length: rows }, () => ({})),
      ),
      y,
    }),
  );
  expect(nmse(await readF32(gpu, y), scaleRef(x, 0.22, residual))).toBeLessThanOrEqual(1e-12);
});
