/** x [rows, dim], weight and bias [dim] or none -> [rows, dim] in f64 (arXiv 1607.06450). */
export function layerNormRef(
  x: Float32Array,
  dim: number,
  epsilon: number,
  weight?: Float32Array,
  bias?: Float32Array,
): Float64Array {
  const y = new Float64Array(x.length);
  for (let first = 0; first < x.length; first += dim) {
    const row = x.subarray(first, first + dim);
    const mean = row.reduce((sum, value) => sum + value, 0) / dim;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / dim;
    row.forEach((value, i) => {
      y[first + i] = ((value - mean) / Math.sqrt(variance + epsilon)) * (weight?.[i] ?? 1) + (bias?.[i] ?? 0);
    });
  }
  return y;
}
