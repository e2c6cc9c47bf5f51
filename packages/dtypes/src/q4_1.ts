// Q4_1: 32 elements in 20 bytes: f16 d, f16 m, 16 bytes of nibbles (byte i: element i low, 16 + i high).
// value = q * d + m
// GPU: quants = the 16 nibble bytes; scales = f16 d, f16 m (4).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';

export const q4_1 = blockType({
  name: 'q4_1',
  id: 3,
  blockSize: 32,
  blockBytes: 20,
  quants: [[4, 16]],
  scales: [[0, 4]],
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 20;
      const d = readF16(bytes, block);
      const m = readF16(bytes, block + 2);
      for (let i = 0; i < 16; i++) {
        const byte = bytes[block + 4 + i]!;
        out[b * 32 + i] = Math.fround((byte & 15) * d) + m;
        out[b * 32 + 16 + i] = Math.fround((byte >> 4) * d) + m;
      }
    }
  },
});
