import { activationRef } from '../glu/glu.ref.ts';
import type { ExpertActivation } from './moe-matmul.ts';

/** gate, up -> activation(gate) * up. */
export function gateRef(gate: number, up: number, activation: ExpertActivation, limit = 7): number {
  if (activation !== 'clamped') return activationRef([gate], activation)[0]! * up;
  const g = Math.min(gate, limit);
  return (g / (1 + Math.exp(-1.702 * g))) * (Math.max(-limit, Math.min(up, limit)) + 1);
}

/** x [slots, cols], w [experts, rows, cols], bias [experts, rows]: [slots, rows] of each slot's expert. */
export function moeMatmulRef(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  slots: readonly number[],
  { rows, cols }: { rows: number; cols: number },
  bias?: ArrayLike<number>,
): Float64Array {
  const y = new Float64Array(slots.length * rows);
  slots.forEach((expert, slot) => {
    for (let o = 0; o < rows; o++) {
      const row = expert * rows + o;
      let sum = bias?.[row] ?? 0;
      for (let i = 0; i < cols; i++) sum += x[slot * cols + i]! * w[row * cols + i]!;
      y[slot * rows + o] = sum;
    }
  });
  return y;
}
