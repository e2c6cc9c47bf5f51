/** Rotates one head of `values` in place at `position`, in f64 (arXiv 2104.09864). */
export function ropeRef(
  values: Float64Array,
  position: number,
  frequencies: readonly number[],
  pairs: 'interleaved' | 'halves',
): void {
  const half = frequencies.length;
  frequencies.forEach((frequency, i) => {
    const [a, b] = pairs === 'interleaved' ? [2 * i, 2 * i + 1] : [i, i + half];
    const cosine = Math.cos(position * frequency);
    const sine = Math.sin(position * frequency);
    const [x, y] = [values[a]!, values[b]!];
    values[a] = x * cosine - y * sine;
    values[b] = x * sine + y * cosine;
  });
}
