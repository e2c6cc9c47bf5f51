// Q8_0: 32 elements in 34 bytes: f16 d, 32 int8.
// value = q * d
// GPU: quants = the 32 int8; scales = f16 d (2).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';

export const q8_0 = blockType({
  name: 'q8_0',
  id: 8,
  blockSize: 32,
  blockBytes: 34,
  quants: [[2, 32]],
  scales: [[0, 2]],
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 34;
      const d = readF16(bytes, block);
      for (let i = 0; i < 32; i++) out[b * 32 + i] = ((bytes[block + 2 + i]! << 24) >> 24) * d;
    }
  },
});
