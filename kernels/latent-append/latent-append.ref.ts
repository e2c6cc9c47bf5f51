// The cached row and the turned queries in f64.

import { ropeRef } from '../rope-append/rope-append.ref.ts';

/** RMS norm of the first `weight.length` values, RoPE in pairs (2i, 2i+1) on the rest. */
export function latentRowRef(
  compressed: ArrayLike<number>,
  weight: ArrayLike<number>,
  epsilon: number,
  position: number,
  frequencies: readonly number[],
): Float64Array {
  const row = Float64Array.from(compressed);
  const rank = weight.length;
  let squares = 0;
  for (let i = 0; i < rank; i++) squares += row[i]! ** 2;
  const factor = 1 / Math.sqrt(squares / rank + epsilon);
  for (let i = 0; i < rank; i++) row[i]! *= factor * weight[i]!;
  ropeRef(row.subarray(rank), position, frequencies, 'interleaved');
  return row;
}
