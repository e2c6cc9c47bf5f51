// IQ2_XS: 256 elements in 74 bytes: f16 d, 32 u16 (9-bit grid index, 7-bit sign index above it; one for 8
// elements), 8 bytes of 4-bit scales (one for 16 elements, low nibble first).
// value = +-grid * (d * (0.5 + scale) / 4)
// GPU: quants = the 32 u16 (64); scales = the 8 scale bytes, f16 d, 2 zero bytes (12).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';
import { magnitudeCode, packEights } from './iq-codebooks.ts';
import { IQ2_XS_GRID } from './iq-grids.ts';
import { evenSigns, withSign } from './iq-signs.ts';
import { readU16 } from './little-endian.ts';

export const iq2_xs = blockType({
  name: 'iq2_xs',
  id: 17,
  blockSize: 256,
  blockBytes: 74,
  quants: [[2, 64]],
  scales: [
    [66, 8],
    [0, 2],
  ],
  scalePadding: 2,
  codebook: packEights(IQ2_XS_GRID, magnitudeCode),
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 74;
      const d = readF16(bytes, block);
      for (let v = 0; v < 32; v++) {
        const nibble = (bytes[block + 66 + (v >> 2)]! >> (4 * ((v >> 1) & 1))) & 15;
        const scale = Math.fround(d * (0.5 + nibble)) * 0.25;
        const code = readU16(bytes, block + 2 + 2 * v);
        const entry = 8 * (code & 511);
        const signs = evenSigns(code >> 9);
        for (let j = 0; j < 8; j++) {
          out[b * 256 + 8 * v + j] = withSign(scale * IQ2_XS_GRID[entry + j]!, signs, j);
        }
      }
    }
  },
});
