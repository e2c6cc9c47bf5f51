import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { layerNormRef } from './layer-norm.ref.ts';
import { layerNorm } from './layer-norm.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

const VARIANTS: Array<[string, Record<string, string>]> = [
  ['thread', { matmul: 'thread' }],
  ['workgroup', { matmul: 'workgroup', subgroups: 'off' }],
  ['workgroup with subgroups', { matmul: 'workgroup', subgroups: 'on' }],
];

describe.each(VARIANTS)('layer norm, %s', (_, variants) => {
  test.each([
    [1, 8, true, true, false],
    [3, 96, true, false, false],
    [7, 260, false, false, true],
    [33, 2048, true, true, true],
  ])(
    '%i rows of %i, weight %s, bias %s, residual %s, far from zero',
    async (rows, dim, weighted, biased, added) => {
      // A mean of many deviations: sums of squares would cancel.
      const x = randomF32(rows * dim, 1).map((v) => v * 3 + 40);
      const weight = weighted ? randomF32(dim, 2) : undefined;
      const bias = biased ? randomF32(dim, 3) : undefined;
      const residual = added ? randomF32(rows * dim, 4) : undefined;
      const y = poisoned(gpu, [rows + 1, dim]);
      const padded = (values: Float32Array) => {
        const all = new Float32Array((rows + 1) * dim);
        all.set(values);
        return upload(gpu, all, [rows + 1, dim]);
      };
      await runOp(
        gpu,
        (rec) =>
          layerNorm(rec, {
            x: padded(x),
            weight: weight && upload(gpu, weight, [dim]),
            bias: bias && upload(gpu, bias, [dim]),
            epsilon: 1e-5,
            step: stepTensor(
              gpu,
              Array.from({ length: rows + 1 }, () => ({})),
              rows,
            ),
            residual: residual && padded(residual),
            y,
          }),
        variants,
      );
      const actual = await readF32(gpu, y);
      const expected = layerNormRef(x, dim, 1e-5, weight, bias).map((v, i) => v + (residual?.[i] ?? 0));
      expect(nmse(actual.subarray(0, rows * dim), expected)).toBeLessThanOrEqual(1e-10);
      expect(actual.subarray(rows * dim).every(Number.isNaN), 'the dead row is left alone').toBe(true);
    },
  );
});
