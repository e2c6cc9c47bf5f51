import { expect, test } from 'vitest';
import { mxfp4 } from './mxfp4.ts';
import { mxfp4Blocks, mxfp4Scales } from './mxfp4-halves.ts';

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

test('its two halves, as safetensors have them, make the streams of the whole', () => {
  // Element i of a block is nibble (i * 7 + block) & 15.
  const nibble = (block: number, i: number) => (i * 7 + block) & 15;
  const whole = new Uint8Array(3 * 17);
  const blocks = new Uint8Array(3 * 16);
  const scales = Uint8Array.of(120, 0, 255);
  for (let b = 0; b < 3; b++) {
    whole[b * 17] = scales[b]!;
    for (let i = 0; i < 16; i++) {
      whole[b * 17 + 1 + i] = nibble(b, i) | (nibble(b, 16 + i) << 4);
      blocks[b * 16 + i] = nibble(b, 2 * i) | (nibble(b, 2 * i + 1) << 4);
    }
  }
  const expected = { quants: new Uint8Array(48), scales: new Uint8Array(3) };
  mxfp4.repack(whole, 3, expected.quants, expected.scales);
  const actual = { quants: new Uint8Array(48), scales: new Uint8Array(3) };
  mxfp4Blocks.repack(blocks, 3, actual.quants, new Uint8Array(0));
  mxfp4Scales.repack(scales, 3, new Uint8Array(0), actual.scales);
  expect(actual).toEqual(expected);
});
