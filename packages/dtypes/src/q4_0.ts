// Q4_0: 32 elements in 18 bytes: f16 d, 16 bytes of nibbles (byte i: element i low, 16 + i high).
// value = (q - 8) * d
// GPU: quants = the 16 nibble bytes; scales = f16 d (2).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';

export const q4_0 = blockType({
  name: 'q4_0',
  id: 2,
  blockSize: 32,
  blockBytes: 18,
  quants: [[2, 16]],
  scales: [[0, 2]],
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 18;
      const d = readF16(bytes, block);
      for (let i = 0; i < 16; i++) {
        const byte = bytes[block + 2 + i]!;
        out[b * 32 + i] = ((byte & 15) - 8) * d;
        out[b * 32 + 16 + i] = ((byte >> 4) - 8) * d;
      }
    }
  },
});
