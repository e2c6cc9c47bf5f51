// Q5_K: 256 elements in 176 bytes: f16 d, f16 dmin, 12 bytes of packed 6-bit scales and minima of 8 sub-blocks
// of 32, qh 32 (bit j of byte i: fifth bit of element 32 j + i), 128 bytes of nibbles (byte 32 g + i: element
// 64 g + i low, 64 g + 32 + i high).
// value = q * (d * scale) - dmin * minimum
// GPU: quants = the 128 nibble bytes, qh (160); scales = d, dmin, the 12 packed bytes (16), as q4_k.

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';
import { subMinimum, subScale } from './k-scales.ts';

export const q5_k = blockType({
  name: 'q5_k',
  id: 13,
  blockSize: 256,
  blockBytes: 176,
  quants: [
    [48, 128],
    [16, 32],
  ],
  scales: [[0, 16]],
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 176;
      const d = readF16(bytes, block);
      const dmin = readF16(bytes, block + 2);
      for (let j = 0; j < 8; j++) {
        const scale = Math.fround(d * subScale(bytes, block + 4, j));
        const minimum = Math.fround(dmin * subMinimum(bytes, block + 4, j));
        for (let i = 0; i < 32; i++) {
          const nibble = (bytes[block + 48 + 32 * (j >> 1) + i]! >> (4 * (j & 1))) & 15;
          const fifth = (bytes[block + 16 + i]! >> j) & 1;
          out[b * 256 + 32 * j + i] = Math.fround(scale * (nibble | (fifth << 4))) - minimum;
        }
      }
    }
  },
});
