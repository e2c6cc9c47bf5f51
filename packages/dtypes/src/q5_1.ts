// Q5_1: 32 elements in 24 bytes: f16 d, f16 m, 4 bytes qh (bit e: fifth bit of element e), 16 bytes of
// nibbles (byte i: element i low, 16 + i high).
// value = q * d + m
// GPU: quants = the 16 nibble bytes; scales = f16 d, f16 m, qh (8).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';

export const q5_1 = blockType({
  name: 'q5_1',
  id: 7,
  blockSize: 32,
  blockBytes: 24,
  quants: [[8, 16]],
  scales: [[0, 8]],
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 24;
      const d = readF16(bytes, block);
      const m = readF16(bytes, block + 2);
      for (let i = 0; i < 16; i++) {
        const byte = bytes[block + 8 + i]!;
        const lowFifth = (bytes[block + 4 + (i >> 3)]! >> (i & 7)) & 1;
        const highFifth = (bytes[block + 6 + (i >> 3)]! >> (i & 7)) & 1;
        out[b * 32 + i] = Math.fround(((byte & 15) | (lowFifth << 4)) * d) + m;
        out[b * 32 + 16 + i] = Math.fround(((byte >> 4) | (highFifth << 4)) * d) + m;
      }
    }
  },
});
