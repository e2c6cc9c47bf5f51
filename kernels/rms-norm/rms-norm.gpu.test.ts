import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { rmsNormRef } from './rms-norm.ref.ts';
import { rmsNorm } from './rms-norm.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

const VARIANTS: Array<[string, Record<string, string>]> = [
  ['thread', { matmul: 'thread' }],
  ['workgroup', { matmul: 'workgroup', subgroups: 'off' }],
  ['workgroup with subgroups', { matmul: 'workgroup', subgroups: 'on' }],
];

describe.each(VARIANTS)('rms norm, %s', (_, variants) => {
  test.each([
    [1, 8],
    [3, 96],
    [7, 260],
    [33, 2048],
  ])('%i rows of %i', async (rows, dim) => {
    const x = randomF32(rows * dim, 1).map((v) => v * 3);
    const weight = randomF32(dim, 2);
    const y = poisoned(gpu, [rows, dim]);
    const step = stepTensor(
      gpu,
      Array.from({ length: rows }, () => ({})),
    );
    await runOp(
      gpu,
      (rec) =>
        rmsNorm(rec, {
          x: upload(gpu, x, [rows, dim]),
          weight: upload(gpu, weight, [dim]),
          epsilon: 1e-5,
          step,
          y,
        }),
      variants,
    );
    expect(nmse(await readF32(gpu, y), rmsNormRef(x, weight, 1e-5))).toBeLessThanOrEqual(1e-10);
  });
  test('with a residual', async () => {
    const [x, weight, residual] = [randomF32(2 * 24, 3), randomF32(24, 4), randomF32(2 * 24, 5)];
    const y = poisoned(gpu, [2, 24]);
    await runOp(
      gpu,
      (rec) =>
        rmsNorm(rec, {
          x: upload(gpu, x, [2, 24]),
          weight: upload(gpu, weight, [24]),
          epsilon: 1e-6,
          step: stepTensor(gpu, [{}, {}]),
          residual: upload(gpu, residual, [2, 24]),
          y,
        }),
      variants,
    );
    const expected = rmsNormRef(x, weight, 1e-6).map((value, i) => value + residual[i]!);
    expect(nmse(await readF32(gpu, y), expected)).toBeLessThanOrEqual(1e-10);
  });
});
