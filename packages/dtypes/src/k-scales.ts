// The 12 bytes in which Q4_K and Q5_K pack the 6-bit scale and minimum of their 8 sub-blocks of 32.

/** Scale of sub-block `j` (0..7) of the 12 packed bytes at `at`. */
export function subScale(bytes: Uint8Array, at: number, j: number): number {
  if (j < 4) return bytes[at + j]! & 63;
  return (bytes[at + j + 4]! & 15) | ((bytes[at + j - 4]! >> 6) << 4);
}

/** Minimum of sub-block `j` (0..7) of the 12 packed bytes at `at`. */
export function subMinimum(bytes: Uint8Array, at: number, j: number): number {
  if (j < 4) return bytes[at + j + 4]! & 63;
  return (bytes[at + j + 4]! >> 4) | ((bytes[at + j]! >> 6) << 4);
}
