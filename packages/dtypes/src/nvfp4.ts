// NVFP4: 64 elements in 36 bytes: four FP8 scales (E4M3 without a sign), one for 16 elements, 32 bytes of FP4
// nibbles (sub-block s, byte 8 s + i: element i low, 8 + i high).
// value = MXFP4_VALUES[q] * (scale / 2): the table holds twice the FP4 values
// GPU: quants = the 32 nibble bytes; scales = the four scale bytes (4).

import { blockType } from './block-type.ts';
import { MXFP4_VALUES } from './mxfp4.ts';

export const nvfp4 = blockType({
  name: 'nvfp4',
  id: 40,
  blockSize: 64,
  blockBytes: 36,
  quants: [[4, 32]],
  scales: [[0, 4]],
  decode(bytes, blocks, out) {
    for (let b = 0; b < blocks; b++) {
      for (let s = 0; s < 4; s++) {
        const scale = HALVED[bytes[b * 36 + s]!]!;
        for (let i = 0; i < 8; i++) {
          const byte = bytes[b * 36 + 4 + 8 * s + i]!;
          out[b * 64 + 16 * s + i] = MXFP4_VALUES[byte & 15]! * scale;
          out[b * 64 + 16 * s + 8 + i] = MXFP4_VALUES[byte >> 4]! * scale;
        }
      }
    }
  },
});

/** Half of each FP8 number, by its code. 0x7f, which is not a number, counts as zero, as in ggml. */
const HALVED = Float32Array.from({ length: 256 }, (_, code) => {
  if (code === 0x7f) return 0;
  const exponent = (code >> 3) & 15;
  const mantissa = code & 7;
  return exponent === 0 ? mantissa * 2 ** -10 : (1 + mantissa / 8) * 2 ** (exponent - 8);
});
