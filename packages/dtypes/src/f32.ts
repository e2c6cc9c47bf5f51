// F32: one little-endian binary32 an element.
// GPU: quants = the 4 bytes, no scales.

import { blockType } from './block-type.ts';

export const f32 = blockType({
  name: 'f32',
  id: 0,
  blockSize: 1,
  blockBytes: 4,
  quants: [[0, 4]],
  scales: [],
  decode(bytes, blocks, out) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, blocks * 4);
    const bits = new Uint32Array(out.buffer, out.byteOffset, blocks);
    for (let i = 0; i < blocks; i++) bits[i] = view.getUint32(i * 4, true);
  },
});
