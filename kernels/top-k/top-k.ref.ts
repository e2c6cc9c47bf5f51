// Top-k by sorting.

/** x [rows, columns] -> ids and values [rows, k], best first, ties to the lower id, padded as the op pads. */
export function topKRef(
  x: ArrayLike<number>,
  rows: number,
  columns: number,
  k: number,
): { ids: Uint32Array; values: Float64Array } {
  const ids = new Uint32Array(rows * k).fill(0xffffffff);
  const values = new Float64Array(rows * k).fill(Math.fround(-1e30));
  for (let r = 0; r < rows; r++) {
    const at = (id: number) => x[r * columns + id]!;
    const order = Array.from({ length: columns }, (_, id) => id).sort((a, b) => at(b) - at(a) || a - b);
    order.slice(0, k).forEach((id, i) => {
      ids[r * k + i] = id;
      values[r * k + i] = at(id) + 0; // -0 comes out as 0
    });
  }
  return { ids, values };
}
