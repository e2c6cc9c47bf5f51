// Q6_K: 256 elements in 210 bytes: ql 128, qh 64, 16 int8 scales (one for 16 elements), f16 d.
// Half h (128 elements), i < 32, element 128 h + 32 g + i:
//   low 4 bits: ql[64 h + 32 (g & 1) + i], low nibble for g < 2, high nibble above
//   high 2 bits: qh[32 h + i] >> 2 g
// value = (q - 32) * (d * scale)
// GPU: quants = ql, qh (192); scales = the 16 int8, f16 d, 2 zero bytes (20).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';

export const q6_k = blockType({
  name: 'q6_k',
  id: 14,
  blockSize: 256,
  blockBytes: 210,
  quants: [[0, 192]],
  scales: [[192, 18]],
  scalePadding: 2,
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 210;
      const d = readF16(bytes, block + 208);
      for (let e = 0; e < 256; e++) {
        const half = e >> 7;
        const group = (e >> 5) & 3;
        const i = e & 31;
        const low = (bytes[block + 64 * half + 32 * (group & 1) + i]! >> (4 * (group >> 1))) & 15;
        const high = (bytes[block + 128 + 32 * half + i]! >> (2 * group)) & 3;
        const scale = (bytes[block + 192 + (e >> 4)]! << 24) >> 24;
        out[b * 256 + e] = Math.fround(d * scale) * ((low | (high << 4)) - 32);
      }
    }
  },
});
