// IQ1_M: 256 elements in 56 bytes: 32 low bytes of grid indices (one for 8 elements), 16 bytes qh (a nibble a
// vector, low first: index bits 8 to 10, then a sign), 4 u16: 3-bit scales (one for 16 elements, four a u16,
// lowest first) and, in their top nibbles, lowest first, the f16 d.
// value = (grid + delta) * (d * (2 * scale + 1)), delta = -1/8 where the sign is set, else 1/8
// GPU: quants = the 32 index bytes, qh (48); scales = the 4 u16 (8).

import { blockType } from './block-type.ts';
import { f16ToF32 } from './f16.ts';
import { ternaryCode, packEights } from './iq-codebooks.ts';
import { IQ1_GRID } from './iq-grids.ts';
import { readU16 } from './little-endian.ts';

export const iq1_m = blockType({
  name: 'iq1_m',
  id: 29,
  blockSize: 256,
  blockBytes: 56,
  quants: [[0, 48]],
  scales: [[48, 8]],
  codebook: packEights(IQ1_GRID, ternaryCode),
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 56;
      let dBits = 0;
      for (let k = 0; k < 4; k++) dBits |= (readU16(bytes, block + 48 + 2 * k) >> 12) << (4 * k);
      const d = f16ToF32(dBits);
      for (let v = 0; v < 32; v++) {
        const packed = readU16(bytes, block + 48 + 2 * (v >> 3));
        const scale = Math.fround(d * (2 * ((packed >> (3 * ((v >> 1) & 3))) & 7) + 1));
        const qh = (bytes[block + 32 + (v >> 1)]! >> (4 * (v & 1))) & 15;
        const delta = qh & 8 ? -0.125 : 0.125;
        const entry = 8 * (bytes[block + v]! | ((qh & 7) << 8));
        for (let j = 0; j < 8; j++) out[b * 256 + 8 * v + j] = scale * (IQ1_GRID[entry + j]! + delta);
      }
    }
  },
});
