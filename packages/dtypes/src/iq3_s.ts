// IQ3_S: 256 elements in 110 bytes: f16 d, 64 low bytes of grid indices (one for 4 elements), 8 bytes qh (index
// bit 8 of 8 indices, lowest first), 32 sign bytes (one for 8 elements), 4 bytes of 4-bit scales (one for 32
// elements, low nibble first).
// value = +-grid * (d * (1 + 2 * scale))
// GPU: quants = index bytes, sign bytes (96); scales = qh, the 4 scale bytes, f16 d, 2 zero bytes (16).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';
import { IQ3_S_GRID } from './iq-grids.ts';
import { withSign } from './iq-signs.ts';

export const iq3_s = blockType({
  name: 'iq3_s',
  id: 21,
  blockSize: 256,
  blockBytes: 110,
  quants: [
    [2, 64],
    [74, 32],
  ],
  scales: [
    [66, 8],
    [106, 4],
    [0, 2],
  ],
  scalePadding: 2,
  codebook: new Uint8Array(IQ3_S_GRID.buffer),
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 110;
      const d = readF16(bytes, block);
      for (let v = 0; v < 64; v++) {
        const nibble = (bytes[block + 106 + (v >> 4)]! >> (4 * ((v >> 3) & 1))) & 15;
        const scale = Math.fround(d * (1 + 2 * nibble));
        const high = (bytes[block + 66 + (v >> 3)]! >> (v & 7)) & 1;
        const entry = 4 * (bytes[block + 2 + v]! | (high << 8));
        const signs = bytes[block + 74 + (v >> 1)]! >> (4 * (v & 1));
        for (let j = 0; j < 4; j++) {
          out[b * 256 + 4 * v + j] = withSign(scale * IQ3_S_GRID[entry + j]!, signs, j);
        }
      }
    }
  },
});
