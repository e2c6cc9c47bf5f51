// Q2_K: 256 elements in 84 bytes: 16 bytes (scale low nibble, minimum high nibble) for 16 sub-blocks of 16,
// 64 bytes of 2-bit quants (element 128 h + 32 g + i: byte 32 h + i >> 2 g), f16 d, f16 dmin.
// value = q * (d * scale) - dmin * minimum
// GPU: quants = the 64 quant bytes; scales = the 16 scale bytes, d, dmin (20).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';

export const q2_k = blockType({
  name: 'q2_k',
  id: 10,
  blockSize: 256,
  blockBytes: 84,
  quants: [[16, 64]],
  scales: [
    [0, 16],
    [80, 4],
  ],
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 84;
      const d = readF16(bytes, block + 80);
      const dmin = readF16(bytes, block + 82);
      for (let e = 0; e < 256; e++) {
        const q = (bytes[block + 16 + 32 * (e >> 7) + (e & 31)]! >> (2 * ((e >> 5) & 3))) & 3;
        const packed = bytes[block + (e >> 4)]!;
        const minimum = Math.fround(dmin * (packed >> 4));
        out[b * 256 + e] = Math.fround(Math.fround(d * (packed & 15)) * q) - minimum;
      }
    }
  },
});
