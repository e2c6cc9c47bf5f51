// Q2_0: 64 elements in 18 bytes: f16 d, 16 bytes of 2-bit quants (element i: byte i / 4 >> 2 (i % 4)).
// value = (q - 1) * d
// GPU: quants = the 16 quant bytes; scales = f16 d (2).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';

export const q2_0 = blockType({
  name: 'q2_0',
  id: 42,
  blockSize: 64,
  blockBytes: 18,
  quants: [[2, 16]],
  scales: [[0, 2]],
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const d = readF16(bytes, b * 18);
      for (let e = 0; e < 64; e++) {
        const q = (bytes[b * 18 + 2 + (e >> 2)]! >> (2 * (e & 3))) & 3;
        out[b * 64 + e] = (q - 1) * d;
      }
    }
  },
});
