// IQ2_S: 256 elements in 82 bytes: f16 d, 32 low bytes of grid indices, 32 sign bytes (both one for 8 elements),
// 8 bytes qh (index bits 8 and 9 of 4 vectors, lowest first), 8 bytes of 4-bit scales (one for 16 elements,
// low nibble first).
// value = +-grid * (d * (0.5 + scale) / 4)
// GPU: quants = index bytes, sign bytes (64); scales = qh, the 8 scale bytes, f16 d, 2 zero bytes (20).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';
import { magnitudeCode, packEights } from './iq-codebooks.ts';
import { IQ2_S_GRID } from './iq-grids.ts';
import { withSign } from './iq-signs.ts';

export const iq2_s = blockType({
  name: 'iq2_s',
  id: 22,
  blockSize: 256,
  blockBytes: 82,
  quants: [[2, 64]],
  scales: [
    [66, 16],
    [0, 2],
  ],
  scalePadding: 2,
  codebook: packEights(IQ2_S_GRID, magnitudeCode),
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 82;
      const d = readF16(bytes, block);
      for (let v = 0; v < 32; v++) {
        const nibble = (bytes[block + 74 + (v >> 2)]! >> (4 * ((v >> 1) & 1))) & 15;
        const scale = Math.fround(d * (0.5 + nibble)) * 0.25;
        const high = (bytes[block + 66 + (v >> 2)]! >> (2 * (v & 3))) & 3;
        const entry = 8 * (bytes[block + 2 + v]! | (high << 8));
        const signs = bytes[block + 34 + v]!;
        for (let j = 0; j < 8; j++) {
          out[b * 256 + 8 * v + j] = withSign(scale * IQ2_S_GRID[entry + j]!, signs, j);
        }
      }
    }
  },
});
