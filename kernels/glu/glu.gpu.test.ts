import { openTestGpu } from '@quern/gpu/testing';
import { describe, expect, test } from 'vitest';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { activationRef, gluRef } from './glu.ref.ts';
import { glu } from './glu.ts';

describe.each(['silu', 'gelu', 'gelu_tanh', 'relu2'] as const)('%s', (activation) => {
  test.each([
    [1, 4],
    [7, 132],
    [33, 1536],
  ])('gated, %i rows of %i, some beyond the range of exp', async (rows, n) => {
    const gpu = await openTestGpu();
    const x = randomF32(rows * 2 * n, 9).map((v, i) => v * (i % 5 === 0 ? 120 : 4));
    const y = poisoned(gpu, [rows, n]);
    const step = stepTensor(
      gpu,
      Array.from({ length: rows }, () => ({})),
    );
    await runOp(gpu, (rec) =>
      glu(rec, { x: upload(gpu, x, [rows, 2 * n]), activation, gated: true, step, y }),
    );
    expect(nmse(await readF32(gpu, y), gluRef(x, rows, n, activation))).toBeLessThanOrEqual(1e-10);
  });
  test('plain', async () => {
    const gpu = await openTestGpu();
    const x = randomF32(3 * 68, 10).map((v) => v * 5);
    const y = poisoned(gpu, [3, 68]);
    const step = stepTensor(gpu, [{}, {}, {}]);
    await runOp(gpu, (rec) => glu(rec, { x: upload(gpu, x, [3, 68]), activation, gated: false, step, y }));
    expect(nmse(await readF32(gpu, y), activationRef(x, activation))).toBeLessThanOrEqual(1e-10);
  });
});
