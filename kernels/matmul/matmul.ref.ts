// The matmul in f64 on decoded weights.

/** x [rows, k], w [outputs, k] -> [rows, outputs]. */
export function matmulRef(
  x: Float32Array,
  w: Float32Array,
  rows: number,
  outputs: number,
  k: number,
): Float64Array {
  const y = new Float64Array(rows * outputs);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < outputs; o++) {
      let sum = 0;
      for (let i = 0; i < k; i++) sum += x[r * k + i]! * w[o * k + i]!;
      y[r * outputs + o] = sum;
    }
  }
  return y;
}
