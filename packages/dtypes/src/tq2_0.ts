// TQ2_0: 256 ternary elements in 66 bytes: 64 bytes of 2-bit quants (element 128 h + 32 g + i: byte 32 h + i
// >> 2 g), f16 d.
// value = (q - 1) * d
// GPU: quants = the 64 quant bytes; scales = f16 d (2).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';

export const tq2_0 = blockType({
  name: 'tq2_0',
  id: 35,
  blockSize: 256,
  blockBytes: 66,
  quants: [[0, 64]],
  scales: [[64, 2]],
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 66;
      const d = readF16(bytes, block + 64);
      for (let e = 0; e < 256; e++) {
        const q = (bytes[block + 32 * (e >> 7) + (e & 31)]! >> (2 * ((e >> 5) & 3))) & 3;
        out[b * 256 + e] = (q - 1) * d;
      }
    }
  },
});
