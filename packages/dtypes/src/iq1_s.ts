// IQ1_S: 256 elements in 50 bytes: f16 d, 32 low bytes of grid indices (one for 8 elements), 8 u16 qh (one for
// 32 elements): index bits 8 to 10 of 4 vectors, lowest first, a 3-bit scale at bit 12, a sign on top.
// value = (grid + delta) * (d * (2 * scale + 1)), delta = -1/8 where the sign is set, else 1/8
// GPU: quants = the 32 index bytes, qh (48); scales = f16 d (2).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';
import { ternaryCode, packEights } from './iq-codebooks.ts';
import { IQ1_GRID } from './iq-grids.ts';
import { readU16 } from './little-endian.ts';

export const iq1_s = blockType({
  name: 'iq1_s',
  id: 19,
  blockSize: 256,
  blockBytes: 50,
  quants: [[2, 48]],
  scales: [[0, 2]],
  codebook: packEights(IQ1_GRID, ternaryCode),
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 50;
      const d = readF16(bytes, block);
      for (let v = 0; v < 32; v++) {
        const qh = readU16(bytes, block + 34 + 2 * (v >> 2));
        const scale = Math.fround(d * (2 * ((qh >> 12) & 7) + 1));
        const delta = qh & 0x8000 ? -0.125 : 0.125;
        const entry = 8 * (bytes[block + 2 + v]! | (((qh >> (3 * (v & 3))) & 7) << 8));
        for (let j = 0; j < 8; j++) out[b * 256 + 8 * v + j] = scale * (IQ1_GRID[entry + j]! + delta);
      }
    }
  },
});
