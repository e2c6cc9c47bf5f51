/** x * factor + residual, in f64. */
export function scaleRef(x: ArrayLike<number>, factor: number, residual?: ArrayLike<number>): Float64Array {
  return Float64Array.from(x, (value, i) => value * factor + (residual?.[i] ?? 0));
}
