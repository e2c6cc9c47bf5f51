// Q5_0: 32 elements in 22 bytes: f16 d, 4 bytes qh (bit e: fifth bit of element e), 16 bytes of nibbles
// (byte i: element i low, 16 + i high).
// value = (q - 16) * d
// GPU: quants = the 16 nibble bytes; scales = f16 d, qh (6).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';

export const q5_0 = blockType({
  name: 'q5_0',
  id: 6,
  blockSize: 32,
  blockBytes: 22,
  quants: [[6, 16]],
  scales: [[0, 6]],
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 22;
      const d = readF16(bytes, block);
      for (let i = 0; i < 16; i++) {
        const byte = bytes[block + 6 + i]!;
        const lowFifth = (bytes[block + 2 + (i >> 3)]! >> (i & 7)) & 1;
        const highFifth = (bytes[block + 4 + (i >> 3)]! >> (i & 7)) & 1;
        out[b * 32 + i] = (((byte & 15) | (lowFifth << 4)) - 16) * d;
        out[b * 32 + 16 + i] = (((byte >> 4) | (highFifth << 4)) - 16) * d;
      }
    }
  },
});
