/** x [rows, dim], weight [dim] -> [rows, dim] in f64. */
export function rmsNormRef(x: Float32Array, weight: Float32Array, epsilon: number): Float64Array {
  const dim = weight.length;
  const y = new Float64Array(x.length);
  for (let first = 0; first < x.length; first += dim) {
    let squares = 0;
    for (let i = 0; i < dim; i++) squares += x[first + i]! ** 2;
    const inverse = 1 / Math.sqrt(squares / dim + epsilon);
    for (let i = 0; i < dim; i++) y[first + i] = x[first + i]! * inverse * weight[i]!;
  }
  return y;
}
