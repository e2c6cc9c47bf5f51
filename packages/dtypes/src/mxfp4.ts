// MXFP4: 32 elements in 17 bytes: an E8M0 exponent e, 16 bytes of FP4 nibbles (byte i: element i low, 16 + i
// high) (OCP Microscaling Formats 1.0).
// value = MXFP4_VALUES[q] * 2^(e - 128): the table holds twice the FP4 values, so that they are integers
// GPU: quants = the 16 nibble bytes; scales = e (1 byte, four blocks a word: padding it to 2 would cost 6 %).

import { blockType } from './block-type.ts';

/** Twice the values of FP4 E2M1; both zeros are +0, as in ggml. */
export const MXFP4_VALUES = Int8Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

export const mxfp4 = blockType({
  name: 'mxfp4',
  id: 39,
  blockSize: 32,
  blockBytes: 17,
  quants: [[1, 16]],
  scales: [[0, 1]],
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      const block = b * 17;
      const scale = 2 ** (bytes[block]! - 128);
      for (let i = 0; i < 16; i++) {
        const byte = bytes[block + 1 + i]!;
        out[b * 32 + i] = MXFP4_VALUES[byte & 15]! * scale;
        out[b * 32 + 16 + i] = MXFP4_VALUES[byte >> 4]! * scale;
      }
    }
  },
});
