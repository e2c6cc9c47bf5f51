// Activations as signed bytes in groups of 32 with a scale each, as ggml's Q8_1 has them: d = max |x| / 127,
// q = round(x / d).

export interface QuantizedGroup {
  readonly scale: number;
  /** Whole numbers from -127 to 127. */
  readonly codes: readonly number[];
  /** scale * sum of codes of each half. */
  readonly sums: readonly [number, number];
}

/** Groups whose largest magnitude is below 2^-100 count as zeros. */
export function quantizeRef(x: ArrayLike<number>): QuantizedGroup[] {
  const groups: QuantizedGroup[] = [];
  for (let first = 0; first < x.length; first += 32) {
    const values = Array.from({ length: 32 }, (_, i) => x[first + i]!);
    const largest = Math.max(...values.map(Math.abs));
    const scale = largest < 2 ** -100 ? 0 : largest / 127;
    const codes = values.map((value) => (scale === 0 ? 0 : Math.round(value / scale)));
    const sum = (half: number) =>
      scale * codes.slice(16 * half, 16 * half + 16).reduce((total, code) => total + code, 0);
    groups.push({ scale, codes, sums: [sum(0), sum(1)] });
  }
  return groups;
}
