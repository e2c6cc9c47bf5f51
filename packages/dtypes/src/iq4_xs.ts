// IQ4_XS: 256 elements in 136 bytes: f16 d, u16 scales_h (2 bits a sub-block), 4 bytes scales_l (a nibble a
// sub-block) for 8 sub-blocks of 32, 128 bytes of nibbles (sub-block j, byte 16 j + i: element i low, 16 + i high).
// value = IQ4_VALUES[q] * (d * (scale - 32))
// GPU: quants = the 128 nibble bytes; scales = f16 d, scales_h, scales_l (8).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';
import { IQ4_VALUES } from './iq4-values.ts';
import { readU16 } from './little-endian.ts';

export const iq4_xs = blockType({
  name: 'iq4_xs',
  id: 23,
  blockSize: 256,
  blockBytes: 136,
  quants: [[8, 128]],
  scales: [[0, 8]],
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 136;
      const d = readF16(bytes, block);
      const high = readU16(bytes, block + 2);
      for (let j = 0; j < 8; j++) {
        const low = (bytes[block + 4 + (j >> 1)]! >> (4 * (j & 1))) & 15;
        const scale = Math.fround(d * ((low | (((high >> (2 * j)) & 3) << 4)) - 32));
        for (let i = 0; i < 16; i++) {
          const byte = bytes[block + 8 + 16 * j + i]!;
          out[b * 256 + 32 * j + i] = scale * IQ4_VALUES[byte & 15]!;
          out[b * 256 + 32 * j + 16 + i] = scale * IQ4_VALUES[byte >> 4]!;
        }
      }
    }
  },
});
