// Per-head products in f64 on decoded weights.

/**
 * x [rows, heads, xHead] of which a head's first `cols` count, w [heads, outputs, cols] -> [rows, heads, outputs].
 */
export function headMatmulRef(
  x: Float32Array,
  w: Float32Array,
  { rows, heads, xHead, cols, outputs }: Record<'rows' | 'heads' | 'xHead' | 'cols' | 'outputs', number>,
): Float64Array {
  const y = new Float64Array(rows * heads * outputs);
  for (let r = 0; r < rows; r++) {
    for (let h = 0; h < heads; h++) {
      for (let o = 0; o < outputs; o++) {
        let sum = 0;
        for (let i = 0; i < cols; i++) {
          sum += x[(r * heads + h) * xHead + i]! * w[(h * outputs + o) * cols + i]!;
        }
        y[(r * heads + h) * outputs + o] = sum;
      }
    }
  }
  return y;
}
