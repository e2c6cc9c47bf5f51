// Weights of checkpoints packed by GPTQ and AWQ, as blocks of a row: unsigned integers of 4 or 8 bits, a scale
// and a zero point. Checkpoints hold them by columns; whoever reads those makes these blocks by moving bits.
//
// Stored: uint16 scale, uint16 zero, quants. The scale is a binary16, or a bfloat16 where bit 15 of the zero
// is set; what is left of the zero is 0 to 256. 4 bits: 16 bytes for each 32 weights, byte i: weight i low,
// 16 + i high. 8 bits: a byte a weight.
// value = (q - zero) * scale
// GPU: quants = the quants; scales = scale and zero (4).

import { bf16ToF32 } from './bf16.ts';
import { blockType } from './block-type.ts';
import type { DType } from './dtype.ts';
import { readF16 } from './f16.ts';

/** Set in the zero's 16 bits: the scale is a bfloat16. */
export const BF16_SCALE = 0x8000;
/** Bytes before the quants. */
export const INTEGER_HEADER = 4;

export function integerType(name: string, bits: 4 | 8, blockSize: number): DType {
  const quantBytes = (blockSize * bits) / 8;
  const blockBytes = INTEGER_HEADER + quantBytes;
  return blockType({
    name,
    id: -1,
    blockSize,
    blockBytes,
    quants: [[INTEGER_HEADER, quantBytes]],
    scales: [[0, INTEGER_HEADER]],
    decode(bytes, blocks, out) {
      for (let b = 0; b < blocks; b++) {
        const at = b * blockBytes;
        const second = bytes[at + 2]! | (bytes[at + 3]! << 8);
        const bf16 = (second & BF16_SCALE) !== 0;
        const scale = bf16 ? bf16ToF32(bytes[at]! | (bytes[at + 1]! << 8)) : readF16(bytes, at);
        const zero = second & ~BF16_SCALE;
        for (let i = 0; i < blockSize; i++) {
          const q = bits === 8 ? bytes[at + INTEGER_HEADER + i]! : nibble(bytes, at + INTEGER_HEADER, i);
          out[b * blockSize + i] = (q - zero) * scale;
        }
      }
    },
  });
}

function nibble(bytes: Uint8Array, quants: number, i: number): number {
  const byte = bytes[quants + (i >> 5) * 16 + (i & 15)]!;
  return (i & 16) === 0 ? byte & 15 : byte >> 4;
}
