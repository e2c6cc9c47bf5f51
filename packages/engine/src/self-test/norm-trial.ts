// An RMS norm and the matmul of one row behind it: in one kernel where variants fold the norm, else in two.

import type { Gpu } from '@quern/gpu';
import { matmulRef, normRef, random } from '@quern/kernels/twins';
import { stepOf, tensorOf } from './known-tensors.ts';
import type { MatrixNeed } from './need.ts';
import { repeatingMatrix, rowsTried } from './repeating-matrix.ts';
import type { Tools } from './tools.ts';
import { Nmse, type Trial } from './trial.ts';

const EPSILON = 1e-5;

export function normTrial(
  gpu: Gpu,
  tools: Tools,
  { dtype, rows, cols }: MatrixNeed,
  perToken: number,
): Trial {
  const outputs = rowsTried(gpu, rows, cols);
  const weight = tools.createWeight(gpu.device, gpu.caps, 'self-test', dtype, outputs, cols);
  const { x, values, weights, period } = repeatingMatrix(gpu, tools, weight, 1);
  const next = random(13);
  const factors = Float32Array.from({ length: cols }, () => next() + 1.5);
  const norm = { weight: tensorOf(gpu, tools, factors), epsilon: EPSILON };
  const step = stepOf(gpu, tools, 1);
  const y = tools.createTensor(gpu.device, 'self-test y', [1, outputs]);
  let expected: Float64Array | undefined;
  return {
    name: `norm of ${cols} values and ${dtype.name} matmul to ${outputs}`,
    work: 'norm',
    perToken,
    y,
    record(rec) {
      if (tools.foldsNorm(rec, weight, 1)) {
        tools.matmul(rec, { weight, x, y, step, norm });
        return;
      }
      const normed = rec.scratch('normed', [1, cols]);
      tools.norm(rec, { ...norm, x, centred: false, step, y: normed });
      tools.matmul(rec, { weight, x: normed, y, step });
    },
    error(actual) {
      if (!expected) {
        const normed = normRef(values, { dim: cols, epsilon: EPSILON, centred: false, weight: factors });
        expected = matmulRef(Float32Array.from(normed), weights(), 1, period, cols);
      }
      const nmse = new Nmse();
      for (let o = 0; o < outputs; o++) nmse.add(actual[o]!, expected[o % period]!);
      return nmse.value;
    },
    destroy() {
      tools.destroyWeight(weight);
      for (const { place } of [x, norm.weight, step, y]) place.buffer.destroy();
    },
  };
}
