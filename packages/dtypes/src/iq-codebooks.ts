// The codebooks of the IQ types as kernels read them: 16 bits an entry of 8 (two bits an element, element 0
// lowest), or a byte an element for entries of 4. Half a byte would do for those, but a word an entry needs
// no unpacking, and 2 KiB is little enough.

/** Entries of 8 as two bits an element; `code` gives an element's 0 to 2. */
export function packEights(grid: Int8Array, code: (value: number) => number): Uint8Array {
  const bytes = new Uint8Array(grid.length / 4);
  grid.forEach((value, i) => {
    bytes[i >> 2]! |= code(value) << (2 * (i & 3));
  });
  return bytes;
}

/** Codes of the magnitudes 8, 25 and 43 of the IQ2 types: magnitude = 8 + 17 code + code / 2 rounded down. */
export function magnitudeCode(value: number): number {
  return value >> 4;
}

/** Codes of the values -1, 0 and 1 of the IQ1 types. */
export function ternaryCode(value: number): number {
  return value + 1;
}
