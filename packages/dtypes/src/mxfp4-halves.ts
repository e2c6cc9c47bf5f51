// MXFP4 as safetensors hold it: a tensor of the blocks' nibbles and one of their exponents (gpt-oss). Each
// fills one of the two streams that mxfp4 has on the GPU. Byte i of a block: element 2i low, 2i + 1 high.

import { checkedType } from './block-type.ts';
import type { DType } from './dtype.ts';
import { mxfp4 } from './mxfp4.ts';

/** Neither can be decoded without the other. */
function undecodable(name: string): DType['decode'] {
  return () => {
    throw new Error(`${name} is one half of mxfp4`);
  };
}

export const mxfp4Blocks = checkedType({
  name: mxfp4.name,
  id: mxfp4.id,
  blockSize: mxfp4.blockSize,
  blockBytes: 16,
  qBytes: mxfp4.qBytes,
  sBytes: 0,
  decode: undecodable('a block of nibbles'),
  repack(bytes, blocks, quants) {
    const nibble = (block: number, i: number) => (bytes[block * 16 + (i >> 1)]! >> (4 * (i & 1))) & 15;
    for (let b = 0; b < blocks; b++) {
      for (let i = 0; i < 16; i++) quants[b * 16 + i] = nibble(b, i) | (nibble(b, 16 + i) << 4);
    }
  },
});

export const mxfp4Scales = checkedType({
  name: 'e8m0',
  id: mxfp4.id,
  blockSize: 1,
  blockBytes: 1,
  qBytes: 0,
  sBytes: mxfp4.sBytes,
  decode: undecodable('an exponent'),
  repack(bytes, blocks, _, scales) {
    scales.set(bytes.subarray(0, blocks));
  },
});
