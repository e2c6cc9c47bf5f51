// The norm of one row of hidden values.

import type { Gpu } from '@quern/gpu';
import { normRef, random } from '@quern/kernels/twins';
import { stepOf, tensorOf } from './known-tensors.ts';
import type { Tools } from './tools.ts';
import { Nmse, type Trial } from './trial.ts';

export function normTrial(gpu: Gpu, tools: Tools, dim: number, perToken: number): Trial {
  const next = random(13);
  const values = Float32Array.from({ length: dim }, () => 2 * next());
  const weights = Float32Array.from({ length: dim }, () => next() + 1.5);
  const x = tensorOf(gpu, tools, values, [1, dim]);
  const weight = tensorOf(gpu, tools, weights, [dim]);
  const step = stepOf(gpu, tools, 1);
  const y = tools.createTensor(gpu.device, 'self-test y', [1, dim]);
  const shape = { dim, epsilon: 1e-5, centred: false };
  return {
    name: `norm of ${dim} values`,
    work: 'norm',
    perToken,
    y,
    record: (rec) => tools.norm(rec, { ...shape, x, weight, step, y }),
    error(actual) {
      const nmse = new Nmse();
      normRef(values, { ...shape, weight: weights }).forEach((value, i) => nmse.add(actual[i]!, value));
      return nmse.value;
    },
    destroy() {
      for (const { place } of [x, weight, step, y]) place.buffer.destroy();
    },
  };
}
