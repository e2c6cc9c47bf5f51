import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { nmse, poisoned, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { normRef } from './norm.ref.ts';
import { norm } from './norm.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

const VARIANTS: Array<[string, Record<string, string>]> = [
  ['thread', { gemv: 'thread' }],
  ['workgroup', { gemv: 'workgroup', subgroups: 'off' }],
  ['workgroup with subgroups', { gemv: 'workgroup', subgroups: 'on' }],
];

describe.each(VARIANTS)('norm, %s', (_, variants) => {
  beforeEach((context) => {
    if (variants['subgroups'] === 'on' && !gpu.caps.subgroups) context.skip('this adapter has no subgroups');
  });
  test.each([
    [1, 8, false, true, false, false],
    [3, 96, false, true, false, true],
    [7, 260, false, true, false, false],
    [33, 2048, false, true, false, true],
    [1, 8, true, true, true, false],
    [3, 96, true, true, false, false],
    [7, 260, true, false, false, true],
    [33, 2048, true, true, true, true],
  ])(
    '%i rows of %i, centred %s, weight %s, bias %s, residual %s',
    async (rows, dim, centred, weighted, biased, added) => {
      // A mean of many deviations: sums of squares would cancel.
      const x = randomF32(rows * dim, 1).map((v) => v * 3 + (centred ? 40 : 0));
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
          norm(rec, {
            x: padded(x),
            centred,
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
      const expected = normRef(x, { dim, epsilon: 1e-5, centred, weight, bias }).map(
        (v, i) => v + (residual?.[i] ?? 0),
      );
      expect(nmse(actual.subarray(0, rows * dim), expected)).toBeLessThanOrEqual(1e-10);
      expect(actual.subarray(rows * dim).every(Number.isNaN), 'the dead row is left alone').toBe(true);
    },
  );
});
