/** x [rows, n], weights [rows, used] -> [rows * used, n], in f64. */
export function moeSpreadRef(
  x: ArrayLike<number>,
  weights: ArrayLike<number>,
  n: number,
  used: number,
): Float64Array {
  return Float64Array.from({ length: weights.length * n }, (_, i) => {
    const slot = Math.floor(i / n);
    return x[Math.floor(slot / used) * n + (i % n)]! * weights[slot]!;
  });
}
