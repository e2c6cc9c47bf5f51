// Random rows of a weight type and what they mean.

import type { DType } from '@quern/dtypes';

export { randomRows } from '../lib/random-rows.ts';

export function decodeRows(dtype: DType, bytes: Uint8Array, rows: number, cols: number): Float32Array {
  const out = new Float32Array(rows * cols);
  dtype.decode(bytes, (rows * cols) / dtype.blockSize, out);
  return out;
}
