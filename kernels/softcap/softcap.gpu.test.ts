import { openTestGpu } from '@quern/gpu/testing';
import { expect, test } from 'vitest';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { softcapRef } from './softcap.ref.ts';
import { softcap } from './softcap.ts';

test.each([
  [1, 4],
  [3, 260],
])('%i rows of %i, far beyond the cap too', async (rows, n) => {
  const gpu = await openTestGpu();
  const x = randomF32(rows * n, 6).map((v, i) => v * (i % 7 === 0 ? 1e6 : 60));
  const y = poisoned(gpu, [rows, n]);
  const step = stepTensor(
    gpu,
    Array.from({ length: rows }, () => ({})),
  );
  await runOp(gpu, (rec) => softcap(rec, { x: upload(gpu, x, [rows, n]), cap: 30, step, y }));
  expect(nmse(await readF32(gpu, y), softcapRef(x, 30))).toBeLessThanOrEqual(1e-10);
});
