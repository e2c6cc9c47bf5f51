// BF16: one bfloat16 an element, the upper half of a binary32.
// GPU: quants = the 2 bytes, no scales.

import { blockType } from './block-type.ts';

export const bf16 = blockType({
  name: 'bf16',
  id: 30,
  blockSize: 1,
  blockBytes: 2,
  quants: [[0, 2]],
  scales: [],
  decode(bytes, blocks, out) {
    const bits = new Uint32Array(out.buffer, out.byteOffset, blocks);
    for (let i = 0; i < blocks; i++) bits[i] = (bytes[2 * i]! << 16) | (bytes[2 * i + 1]! << 24);
  },
});

const value32 = new Float32Array(1);
const bits32 = new Uint32Array(value32.buffer);

/** The value of a bfloat16 bit pattern (0..65535), exactly. */
export function bf16ToF32(bits: number): number {
  bits32[0] = bits << 16;
  return value32[0]!;
}
