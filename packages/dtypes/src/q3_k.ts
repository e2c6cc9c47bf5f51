// Q3_K: 256 elements in 110 bytes: hmask 32, qs 64, 12 bytes of 16 packed 6-bit scales, f16 d.
// Element 128 h + 32 g + i: low 2 bits qs[32 h + i] >> 2 g, third bit hmask[i] >> (4 h + g).
// value = (q - 4) * (d * (scale - 32)), one scale for 16 elements
// GPU: quants = qs, hmask (96); scales = the 16 scales unpacked to int8 with the 32 taken off, f16 d, 2 zero
// bytes (20). Unpacking them here saves each GPU thread the work for 1.8 % more bytes.

import { checkedType } from './block-type.ts';
import { copyRuns } from './copy-runs.ts';
import { readF16 } from './f16.ts';

const BLOCK = 110;
const SCALES = 96;
const STREAM = 20;

export const q3_k = checkedType({
  name: 'q3_k',
  id: 11,
  blockSize: 256,
  blockBytes: BLOCK,
  qBytes: 96,
  sBytes: STREAM,
  decode(bytes, blocks, out) {
    const scales = new Int8Array(16);
    for (let b = 0; b < blocks; b++) {
      const block = b * BLOCK;
      const d = readF16(bytes, block + 108);
      unpackScales(bytes, block + SCALES, scales, 0);
      for (let e = 0; e < 256; e++) {
        const half = e >> 7;
        const group = (e >> 5) & 3;
        const i = e & 31;
        const low = (bytes[block + 32 + 32 * half + i]! >> (2 * group)) & 3;
        const high = (bytes[block + i]! >> (4 * half + group)) & 1;
        out[b * 256 + e] = Math.fround(d * scales[e >> 4]!) * ((low | (high << 2)) - 4);
      }
    }
  },
  repack(bytes, blocks, quants, scales) {
    copyRuns(bytes, BLOCK, 32, quants, 96, 0, 64, blocks);
    copyRuns(bytes, BLOCK, 0, quants, 96, 64, 32, blocks);
    for (let b = 0; b < blocks; b++) {
      const at = b * STREAM;
      unpackScales(bytes, b * BLOCK + SCALES, scales, at);
      scales[at + 16] = bytes[b * BLOCK + 108]!;
      scales[at + 17] = bytes[b * BLOCK + 109]!;
      scales[at + 18] = 0;
      scales[at + 19] = 0;
    }
  },
});

/**
 * The 16 scales, 32 taken off, to `out[to ..]` as int8. Low nibbles: bytes 0..7, then their high nibbles;
 * top two bits: byte 8 + j % 4, field j / 4.
 */
function unpackScales(bytes: Uint8Array, at: number, out: Int8Array | Uint8Array, to: number): void {
  for (let j = 0; j < 4; j++) {
    const first = bytes[at + j]!;
    const second = bytes[at + 4 + j]!;
    const top = bytes[at + 8 + j]!;
    out[to + j] = ((first & 15) | ((top & 3) << 4)) - 32;
    out[to + 4 + j] = ((second & 15) | ((top & 12) << 2)) - 32;
    out[to + 8 + j] = ((first >> 4) | (top & 48)) - 32;
    out[to + 12 + j] = ((second >> 4) | ((top & 192) >> 2)) - 32;
  }
}
