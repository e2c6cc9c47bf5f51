// A matmul of one row, as decode has it, or of a chunk.

import type { Gpu } from '@quern/gpu';
import { stepOf } from './known-tensors.ts';
import type { MatrixNeed } from './need.ts';
import { repeatingMatrix, rowsTried } from './repeating-matrix.ts';
import type { Tools } from './tools.ts';
import { Nmse, type Trial } from './trial.ts';

export function matmulTrial(gpu: Gpu, tools: Tools, need: MatrixNeed, count: number): Trial {
  const { dtype, cols, bytes } = need;
  const outputs = rowsTried(gpu, need.rows, cols);
  const weight = tools.createWeight(gpu.device, gpu.caps, 'self-test', dtype, outputs, cols);
  const { x, product } = repeatingMatrix(gpu, tools, weight, count);
  const step = stepOf(gpu, tools, count);
  const y = tools.createTensor(gpu.device, 'self-test y', [count, outputs]);
  return {
    name: `${dtype.name} matmul of ${count} ${count === 1 ? 'row' : 'rows'}, ${outputs} x ${cols}`,
    work: count === 1 ? 'gemv' : 'gemm',
    perToken: bytes / weight.byteLength / count,
    y,
    record: (rec) => tools.matmul(rec, { weight, x, y, step }),
    error(actual) {
      const nmse = new Nmse();
      for (let row = 0; row < count; row++) {
        for (let o = 0; o < outputs; o++) nmse.add(actual[row * outputs + o]!, product(row, o));
      }
      return nmse.value;
    },
    destroy() {
      tools.destroyWeight(weight);
      for (const { place } of [x, step, y]) place.buffer.destroy();
    },
  };
}
