import { expect, test } from 'vitest';
import { f16, f16BitsToF32Bits, f16ToF32, f32ToF16, readF16 } from './f16.ts';

/** From the definition: sign, exponent, fraction, without any shift. */
function byDefinition(half: number): number {
  const sign = half >= 0x8000 ? -1 : 1;
  const exponent = Math.floor(half / 1024) % 32;
  const fraction = (half % 1024) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * 2 ** -14 * fraction : sign * 2 ** (exponent - 15) * (1 + fraction);
}

test('all 65536 halves decode to their value, signed zeros included', () => {
  const wrong: number[] = [];
  for (let half = 0; half < 65536; half++) {
    if (!Object.is(f16ToF32(half), byDefinition(half))) wrong.push(half);
  }
  expect(wrong).toEqual([]);
});

test('all 65536 halves come back from f32', () => {
  const wrong: number[] = [];
  for (let half = 0; half < 65536; half++) {
    const back = f32ToF16(f16ToF32(half));
    const value = f16ToF32(half);
    if (Number.isNaN(value) ? !Number.isNaN(f16ToF32(back)) : back !== half) wrong.push(half);
  }
  expect(wrong).toEqual([]);
});

test('between two neighbours the nearer wins, and at the middle the even one', () => {
  const wrong: number[] = [];
  for (let low = 0; low < 0x7bff; low++) {
    const a = f16ToF32(low);
    const b = f16ToF32(low + 1);
    const middle = (a + b) / 2;
    const even = low % 2 === 0 ? low : low + 1;
    const nudge = (b - a) / 64;
    if (f32ToF16(middle) !== even || f32ToF16(-middle) !== (even | 0x8000)) wrong.push(low);
    if (f32ToF16(middle - nudge) !== low || f32ToF16(middle + nudge) !== low + 1) wrong.push(low);
  }
  expect(wrong).toEqual([]);
});

test('past the largest half comes infinity, from the middle of the next step on', () => {
  expect(f32ToF16(65504)).toBe(0x7bff);
  expect(f32ToF16(65519.996)).toBe(0x7bff);
  expect(f32ToF16(65520)).toBe(0x7c00);
  expect(f32ToF16(-1e30)).toBe(0xfc00);
  expect(f32ToF16(1e-30)).toBe(0);
  expect(f32ToF16(-1e-30)).toBe(0x8000);
});

test('decode keeps the payload of a NaN', () => {
  const out = new Float32Array(1);
  f16.decode(new Uint8Array([0x01, 0x7d]), 1, out);
  expect(new Uint32Array(out.buffer)[0]).toBe(0x7fa02000);
  expect(f16BitsToF32Bits(0xfe00)).toBe(0xffc00000);
});

test('readF16 reads little-endian', () => {
  expect(readF16(new Uint8Array([9, 0x00, 0x3c]), 1)).toBe(1);
});
