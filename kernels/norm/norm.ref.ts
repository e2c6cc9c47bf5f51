export interface NormRef {
  dim: number;
  epsilon: number;
  centred: boolean;
  weight?: Float32Array | undefined;
  bias?: Float32Array | undefined;
}

/** x [rows, dim], weight and bias [dim] or none -> [rows, dim] in f64 (arXiv 1910.07467, 1607.06450). */
export function normRef(
  x: Float32Array,
  { dim, epsilon, centred, weight, bias }: NormRef,
): Float64Array<ArrayBuffer> {
  const y = new Float64Array(x.length);
  for (let first = 0; first < x.length; first += dim) {
    const row = x.subarray(first, first + dim);
    const mean = centred ? row.reduce((sum, value) => sum + value, 0) / dim : 0;
    const square = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / dim;
    row.forEach((value, i) => {
      y[first + i] = ((value - mean) / Math.sqrt(square + epsilon)) * (weight?.[i] ?? 1) + (bias?.[i] ?? 0);
    });
  }
  return y;
}
