/** slots [rows * used, n], weights [rows * used]: [rows, n], with what is added to each. */
export function moeSumRef(
  slots: ArrayLike<number>,
  weights: readonly number[],
  { used, n }: { used: number; n: number },
  more: {
    shared?: ArrayLike<number>;
    /** [rows] */
    gate?: ArrayLike<number>;
    residual?: ArrayLike<number>;
  } = {},
): Float64Array {
  return Float64Array.from({ length: (weights.length / used) * n }, (_, i) => {
    const row = Math.floor(i / n);
    let sum = more.residual?.[i] ?? 0;
    for (let k = 0; k < used; k++) {
      const slot = row * used + k;
      sum += slots[slot * n + (i % n)]! * weights[slot]!;
    }
    const share = more.gate ? 1 / (1 + Math.exp(-more.gate[row]!)) : 1;
    return sum + share * (more.shared?.[i] ?? 0);
  });
}
