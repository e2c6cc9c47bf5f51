import { rmsNormRef } from '../rms-norm/rms-norm.ref.ts';

/** x [rows, stride] with `count` heads from `first` on normed, in f64. */
export function headNormRef(
  x: Float32Array,
  {
    stride,
    first,
    count,
    weight,
    epsilon,
  }: { stride: number; first: number; count: number; weight: Float32Array; epsilon: number },
): Float64Array {
  const y = Float64Array.from(x);
  for (let row = 0; row < x.length; row += stride) {
    const part = x.slice(row + first, row + first + count * weight.length);
    y.set(rmsNormRef(part, weight, epsilon), row + first);
  }
  return y;
}
