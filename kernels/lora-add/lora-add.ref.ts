/** y [rows, columns] + scale * low [rows, rank] b^T [rank, outputs], from `column` on (arXiv 2106.09685, equation 3). */
export function loraAddRef(
  low: Float32Array,
  b: Float32Array,
  scale: number,
  y: Float32Array,
  { rank, columns, column }: { rank: number; columns: number; column: number },
): Float64Array {
  const outputs = b.length / rank;
  return Float64Array.from(y, (value, i) => {
    const row = Math.floor(i / columns);
    const o = (i % columns) - column;
    if (o < 0 || o >= outputs) return value;
    let sum = 0;
    for (let j = 0; j < rank; j++) sum += low[row * rank + j]! * b[o * rank + j]!;
    return value + scale * sum;
  });
}
