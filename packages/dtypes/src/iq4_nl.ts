// IQ4_NL: 32 elements in 18 bytes: f16 d, 16 bytes of nibbles (byte i: element i low, 16 + i high).
// value = IQ4_VALUES[q] * d
// GPU: quants = the 16 nibble bytes; scales = f16 d (2).

import { blockType } from './block-type.ts';
import { readF16 } from './f16.ts';
import { IQ4_VALUES } from './iq4-values.ts';

export const iq4_nl = blockType({
  name: 'iq4_nl',
  id: 20,
  blockSize: 32,
  blockBytes: 18,
  quants: [[2, 16]],
  scales: [[0, 2]],
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 18;
      const d = readF16(bytes, block);
      for (let i = 0; i < 16; i++) {
        const byte = bytes[block + 2 + i]!;
        out[b * 32 + i] = IQ4_VALUES[byte & 15]! * d;
        out[b * 32 + 16 + i] = IQ4_VALUES[byte >> 4]! * d;
      }
    }
  },
});
