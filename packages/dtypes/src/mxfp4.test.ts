import { expect, test } from 'vitest';
import { mxfp4 } from './mxfp4.ts';

test('MXFP4 scales are right down to the subnormals', () => {
  const out = new Float32Array(32);
  const block = new Uint8Array(17).fill(0x11); // every nibble 1: the table holds 1
  for (let e = 0; e < 256; e++) {
    block[0] = e;
    mxfp4.decode(block, 1, out);
    // ggml_e8m0_to_fp32_half, by bits.
    const bits = e < 2 ? 0x00200000 << e : (e - 1) << 23;
    expect(new Uint32Array(out.buffer)[0], `exponent ${e}`).toBe(bits >>> 0);
  }
});
