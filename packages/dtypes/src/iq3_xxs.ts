// IQ3_XXS: 256 elements in 98 bytes: f16 d, 64 grid indices (one for 4 elements), 8 words (one for 32 elements):
// four 7-bit sign indices, lowest first, and a 4-bit scale on top.
// value = +-grid * (d * (0.5 + scale) / 2)
// GPU: quants = the 64 indices, the 8 words (96); scales = f16 d (2).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';
import { IQ3_XXS_GRID } from './iq-grids.ts';
import { evenSigns, withSign } from './iq-signs.ts';
import { readI32 } from './little-endian.ts';

export const iq3_xxs = blockType({
  name: 'iq3_xxs',
  id: 18,
  blockSize: 256,
  blockBytes: 98,
  quants: [[2, 96]],
  scales: [[0, 2]],
  codebook: new Uint8Array(IQ3_XXS_GRID.buffer),
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 98;
      const d = readF16(bytes, block);
      for (let v = 0; v < 32; v++) {
        const word = readI32(bytes, block + 66 + 4 * (v >> 2));
        const scale = Math.fround(d * (0.5 + (word >>> 28))) * 0.5;
        const signs = evenSigns((word >> (7 * (v & 3))) & 127);
        for (let j = 0; j < 8; j++) {
          const entry = 4 * bytes[block + 2 + 2 * v + (j >> 2)]!;
          out[b * 256 + 8 * v + j] = withSign(scale * IQ3_XXS_GRID[entry + (j & 3)]!, signs, j);
        }
      }
    }
  },
});
