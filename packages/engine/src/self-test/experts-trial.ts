// A matmul by experts: slots gathered one by one, as decode has it, or sorted by expert for a chunk.

import type { Gpu } from '@quern/gpu';
import { stepOf, tensorOf } from './known-tensors.ts';
import type { MatrixNeed } from './need.ts';
import { repeatingMatrix, rowsTried } from './repeating-matrix.ts';
import type { Tools } from './tools.ts';
import { Nmse, type Trial } from './trial.ts';

/** Experts that are tried, and that a row is sent to. */
const EXPERTS = 4;
const USED = 2;
/** Experts that a token of a model has, about. */
const USUAL_USED = 4;

export function expertsTrial(gpu: Gpu, tools: Tools, need: MatrixNeed, count: number): Trial {
  const { dtype, cols, bytes } = need;
  const rows = Math.ceil(rowsTried(gpu, need.rows, cols * EXPERTS) / 8) * 8;
  const shape = { experts: EXPERTS, rows, cols };
  const weight = tools.createExpertWeight(gpu.device, gpu.caps, 'self-test', dtype, shape);
  const { x, product } = repeatingMatrix(gpu, tools, weight.parts[0]!.weight, count);
  const step = stepOf(gpu, tools, count);
  const slots = count * USED;
  const expertOf = (slot: number) => (Math.floor(slot / USED) * 3 + (slot % USED) * 2 + 1) % EXPERTS;
  // [rows, used, 2]: an expert's number and its share, which this op does not read.
  const routed = Uint32Array.from({ length: 2 * slots }, (_, i) => (i % 2 === 0 ? expertOf(i / 2) : 0));
  const routes = tensorOf(gpu, tools, routed, [count, USED, 2]);
  const y = tools.createTensor(gpu.device, 'self-test y', [slots, rows]);
  return {
    name: `${dtype.name} matmul of ${count} ${count === 1 ? 'row' : 'rows'} by ${USED} of ${EXPERTS} experts, ${rows} x ${cols}`,
    work: count === 1 ? 'gemv' : 'gemm',
    perToken: (bytes / weight.byteLength / count) * Math.min(1, USUAL_USED / need.experts) * (EXPERTS / USED),
    y,
    record(rec) {
      let sorted;
      if (count > 1) {
        const height = tools.sortedHeight(rec);
        const tiles = rec.scratch('tiles', [1 + tools.mostTiles(slots, EXPERTS, height), 4]);
        sorted = { tiles, order: rec.scratch('order', [slots]), height };
        tools.moeSort(rec, { routes, experts: EXPERTS, step, ...sorted });
      }
      tools.moeMatmul(rec, { weight, x, y, routes, sorted, step });
    },
    error(actual) {
      const nmse = new Nmse();
      for (let slot = 0; slot < slots; slot++) {
        const first = expertOf(slot) * rows;
        const row = Math.floor(slot / USED);
        for (let o = 0; o < rows; o++) nmse.add(actual[slot * rows + o]!, product(row, first + o));
      }
      return nmse.value;
    },
    destroy() {
      tools.destroyExpertWeight(weight);
      for (const { place } of [x, step, routes, y]) place.buffer.destroy();
    },
  };
}
