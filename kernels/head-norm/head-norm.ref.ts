import { normRef } from '../norm/norm.ref.ts';

export interface HeadNormRefOptions {
  stride: number;
  first: number;
  count: number;
  width: number;
  /** [width] or [count * width]. */
  weight: Float32Array;
  centred: boolean;
  epsilon: number;
}

/** x [rows, stride] with `count` parts from `first` on normed, in f64. */
export function headNormRef(
  x: Float32Array,
  { stride, first, count, width, weight, centred, epsilon }: HeadNormRefOptions,
): Float64Array {
  const y = Float64Array.from(x);
  for (let row = 0; row < x.length; row += stride) {
    for (let i = 0; i < count; i++) {
      const at = row + first + i * width;
      const part = x.slice(at, at + width);
      const own = weight.length === width ? weight : weight.subarray(i * width, (i + 1) * width);
      y.set(normRef(part, { dim: width, epsilon, centred, weight: own }), at);
    }
  }
  return y;
}
