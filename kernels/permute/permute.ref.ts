/** x [rows, order.length] -> the same with its columns in another order. */
export function permuteRef(x: Float32Array, order: Uint32Array): Float32Array {
  const columns = order.length;
  return x.map((_, i) => x[i - (i % columns) + order[i % columns]!]!);
}
