/** [rows, 2n] gate before up -> [rows, n] silu(gate) * up, in f64. */
export function gluRef(gateUp: ArrayLike<number>, rows: number, n: number): Float64Array {
  const y = new Float64Array(rows * n);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < n; o++) {
      const gate = gateUp[r * 2 * n + o]!;
      y[r * n + o] = (gate / (1 + Math.exp(-gate))) * gateUp[r * 2 * n + n + o]!;
    }
  }
  return y;
}
