// Q1_0: 128 elements in 18 bytes: f16 d, 16 bytes of bits (element i: bit i % 8 of byte i / 8).
// value = bit ? d : -d
// GPU: quants = the 16 bit bytes; scales = f16 d (2).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';

export const q1_0 = blockType({
  name: 'q1_0',
  id: 41,
  blockSize: 128,
  blockBytes: 18,
  quants: [[2, 16]],
  scales: [[0, 2]],
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const d = readF16(bytes, b * 18);
      for (let e = 0; e < 128; e++) {
        const bit = (bytes[b * 18 + 2 + (e >> 3)]! >> (e & 7)) & 1;
        out[b * 128 + e] = bit ? d : -d;
      }
    }
  },
});
