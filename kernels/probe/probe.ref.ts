// What `turn` leaves for thread `thread`, in f64.

/** `matrix`: 4 rows of 4. */
export function turnRef(
  matrix: ArrayLike<number>,
  start: ArrayLike<number>,
  thread: number,
  rounds: number,
): number[] {
  const scale = 1 + (thread & 7);
  const vectors = [0, 1, 2, 3].map((shift) => [0, 1, 2, 3].map((i) => start[(i + shift) % 4]! * scale));
  for (let round = 0; round < rounds; round++) {
    for (const [k, v] of vectors.entries()) {
      vectors[k] = [0, 1, 2, 3].map((row) =>
        v.reduce((sum, value, i) => sum + value * matrix[row * 4 + i]!, 0),
      );
    }
  }
  return [0, 1, 2, 3].map((i) => vectors.reduce((sum, v) => sum + v[i]!, 0));
}
