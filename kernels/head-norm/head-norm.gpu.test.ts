import { openTestGpu } from '@quern/gpu/testing';
import { describe, expect, test } from 'vitest';
import { nmse, randomF32, readF32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { headNormRef } from './head-norm.ref.ts';
import { headNorm } from './head-norm.ts';

const VARIANTS: Array<[string, Record<string, string>]> = [
  ['thread', { gemv: 'thread' }],
  ['workgroup', { gemv: 'workgroup', subgroups: 'off' }],
  ['workgroup with subgroups', { gemv: 'workgroup', subgroups: 'on' }],
];

describe.each(VARIANTS)('head norm, %s', (_, variants) => {
  describe.each([false, true])('centred: %s', (centred) => {
    test.each([
      [1, 8, 0, 1, 8, 'shared'],
      [3, 96, 32, 5, 8, 'shared'],
      [3, 96, 32, 5, 8, 'own'],
      [7, 640, 512, 1, 128, 'shared'],
      [2, 2400, 600, 2, 600, 'own'],
    ] as const)('%i rows of %i: from %i on, %i parts of %i, %s weights', async (...shape) => {
      const [rows, stride, first, count, width, weights] = shape;
      const gpu = await openTestGpu();
      const values = randomF32(rows * stride, 1).map((v) => v + 0.5);
      const weight = randomF32(weights === 'own' ? count * width : width, 2);
      const x = upload(gpu, values, [rows, stride]);
      const step = stepTensor(
        gpu,
        Array.from({ length: rows }, () => ({})),
      );
      await runOp(
        gpu,
        (rec) =>
          headNorm(rec, {
            x,
            first,
            count,
            width,
            weight: upload(gpu, weight, [weight.length]),
            centred,
            epsilon: 1e-6,
            step,
          }),
        variants,
      );
      const expected = headNormRef(values, { stride, first, count, width, weight, centred, epsilon: 1e-6 });
      expect(nmse(await readF32(gpu, x), expected)).toBeLessThanOrEqual(1e-10);
    });
  });
});
