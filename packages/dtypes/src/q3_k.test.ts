// The one type whose repack computes: its streams must still decode to ggml's bits.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readF16 } from './f16.ts';
import { q3_k } from './q3_k.ts';

function caseBytes(file: string): Uint8Array {
  return Uint8Array.from(
    readFileSync(fileURLToPath(new URL(`../../../e2e/conformance/dequant/${file}`, import.meta.url))),
  );
}

test('its streams decode to the bits of ggml', () => {
  const bytes = caseBytes('Q3_K.bin');
  const blocks = bytes.length / 110;
  const quants = new Uint8Array(blocks * 96);
  const scales = new Uint8Array(blocks * 20).fill(0xa5);
  q3_k.repack(bytes, blocks, quants, scales);
  expect([q3_k.qBytes, q3_k.sBytes]).toEqual([96, 20]);

  const decoded = new Float32Array(blocks * 256);
  for (let e = 0; e < decoded.length; e++) {
    const block = Math.floor(e / 256);
    const inBlock = e % 256;
    const half = Math.floor(inBlock / 128);
    const group = Math.floor(inBlock / 32) % 4;
    const low = (quants[block * 96 + half * 32 + (e % 32)]! >> (2 * group)) % 4;
    const high = (quants[block * 96 + 64 + (e % 32)]! >> (4 * half + group)) % 2;
    const scale = new Int8Array(scales.buffer, block * 20, 16)[Math.floor(inBlock / 16)]!;
    decoded[e] = readF16(scales, block * 20 + 16) * scale * (low + 4 * high - 4);
  }
  expect(new Uint32Array(decoded.buffer)).toEqual(new Uint32Array(caseBytes('Q3_K.f32.bin').buffer));
  for (let b = 0; b < blocks; b++) expect([...scales.subarray(b * 20 + 18, b * 20 + 20)]).toEqual([0, 0]);
});
