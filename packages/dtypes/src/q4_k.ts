// Q4_K: 256 elements in 144 bytes: f16 d, f16 dmin, 12 bytes of packed 6-bit scales and minima of 8
// sub-blocks of 32, 128 bytes of nibbles (byte 32 g + i: element 64 g + i low, 64 g + 32 + i high).
// value = q * (d * scale) - dmin * minimum
// GPU: quants = the 128 nibble bytes; scales = d, dmin, the 12 packed bytes (16).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';
import { subMinimum, subScale } from './k-scales.ts';

export const q4_k = blockType({
  name: 'q4_k',
  id: 12,
  blockSize: 256,
  blockBytes: 144,
  quants: [[16, 128]],
  scales: [[0, 16]],
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 144;
      const d = readF16(bytes, block);
      const dmin = readF16(bytes, block + 2);
      for (let j = 0; j < 8; j++) {
        const scale = Math.fround(d * subScale(bytes, block + 4, j));
        const minimum = Math.fround(dmin * subMinimum(bytes, block + 4, j));
        const nibbles = block + 16 + 32 * (j >> 1);
        const shift = 4 * (j & 1);
        for (let i = 0; i < 32; i++) {
          const q = (bytes[nibbles + i]! >> shift) & 15;
          out[b * 256 + 32 * j + i] = Math.fround(scale * q) - minimum;
        }
      }
    }
  },
});
