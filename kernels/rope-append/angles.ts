// Rotation angles, computed in f64: a position is split into its low byte and the rest, so that the table
// grows with context / 256 and the GPU adds two angles exactly enough.

export interface RopeAngles {
  /** Rotated values of a head, even. */
  readonly rotated: number;
  /** Radians a position, one for each pair: [rotated / 2]. */
  readonly frequencies: readonly number[];
  /** Multiplies cos and sin (YaRN's attention factor); default 1. */
  readonly magnitude?: number;
}

/** Frequencies of plain RoPE: base^(-2i / rotated) (arXiv 2104.09864). */
export function ropeFrequencies(base: number, rotated: number): number[] {
  return Array.from({ length: rotated / 2 }, (_, i) => base ** ((-2 * i) / rotated));
}

/** [256 + ceil(positions / 256)][rotated / 2] pairs (cos, sin). */
export function angleTable(
  { rotated, frequencies, magnitude = 1 }: RopeAngles,
  positions: number,
): Float32Array<ArrayBuffer> {
  const half = rotated / 2;
  const rows = 256 + Math.ceil(positions / 256);
  const table = new Float32Array(rows * half * 2);
  for (let row = 0; row < rows; row++) {
    const position = row < 256 ? row : (row - 256) * 256;
    const scale = row < 256 ? magnitude : 1;
    for (let i = 0; i < half; i++) {
      const angle = position * frequencies[i]!;
      table[(row * half + i) * 2] = Math.cos(angle) * scale;
      table[(row * half + i) * 2 + 1] = Math.sin(angle) * scale;
    }
  }
  return table;
}
