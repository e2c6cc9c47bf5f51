// FP8 weights (E4M3, arXiv 2209.05433) with a scale, as blocks of a row. Checkpoints keep the scales in a tensor
// of their own, one for the tensor, for each row or for each 128 x 128; whoever reads those makes these blocks.
//
// Stored: f32 scale, one byte a weight. value = fp8 * scale
// GPU: quants = the bytes; scales = the scale (4).

import { blockType } from './block-type.ts';
import type { DType } from './dtype.ts';

export const FP8_HEADER = 4;

export function fp8Type(name: string, blockSize: number): DType {
  const blockBytes = FP8_HEADER + blockSize;
  return blockType({
    name,
    id: -1,
    blockSize,
    blockBytes,
    quants: [[FP8_HEADER, blockSize]],
    scales: [[0, FP8_HEADER]],
    decode(bytes, blocks, out) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let b = 0; b < blocks; b++) {
        const at = b * blockBytes;
        const scale = view.getFloat32(at, true);
        for (let i = 0; i < blockSize; i++) {
          out[b * blockSize + i] = FP8_VALUES[bytes[at + FP8_HEADER + i]!]! * scale;
        }
      }
    },
  });
}

/** By code: a sign, 4 bits of exponent (bias 7), 3 of mantissa. The code of all ones is no number: 0 here. */
export const FP8_VALUES: Float32Array = Float32Array.from({ length: 256 }, (_, code) => {
  const exponent = (code >> 3) & 15;
  const mantissa = code & 7;
  const magnitude = exponent === 0 ? mantissa * 2 ** -9 : (8 + mantissa) * 2 ** (exponent - 10);
  if ((code & 0x7f) === 0x7f) return 0;
  return code < 128 ? magnitude : -magnitude;
});
