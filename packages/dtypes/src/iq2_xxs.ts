// IQ2_XXS: 256 elements in 66 bytes: f16 d, 8 groups of 8 bytes, each for 32 elements: 4 grid indices, then a
// word: four 7-bit sign indices, lowest first, and a 4-bit scale on top.
// value = +-grid * (d * (0.5 + scale) / 4)
// GPU: quants = the 64 group bytes; scales = f16 d (2).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';
import { magnitudeCode, packEights } from './iq-codebooks.ts';
import { IQ2_XXS_GRID } from './iq-grids.ts';
import { evenSigns, withSign } from './iq-signs.ts';
import { readI32 } from './little-endian.ts';

export const iq2_xxs = blockType({
  name: 'iq2_xxs',
  id: 16,
  blockSize: 256,
  blockBytes: 66,
  quants: [[2, 64]],
  scales: [[0, 2]],
  codebook: packEights(IQ2_XXS_GRID, magnitudeCode),
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const d = readF16(bytes, b * 66);
      for (let g = 0; g < 8; g++) {
        const group = b * 66 + 2 + 8 * g;
        const word = readI32(bytes, group + 4);
        const scale = Math.fround(d * (0.5 + (word >>> 28))) * 0.25;
        for (let l = 0; l < 4; l++) {
          const entry = 8 * bytes[group + l]!;
          const signs = evenSigns((word >> (7 * l)) & 127);
          for (let j = 0; j < 8; j++) {
            out[b * 256 + 32 * g + 8 * l + j] = withSign(scale * IQ2_XXS_GRID[entry + j]!, signs, j);
          }
        }
      }
    }
  },
});
