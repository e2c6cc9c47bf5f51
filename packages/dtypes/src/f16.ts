// F16: one little-endian IEEE 754 binary16 an element. GPU: quants = the 2 bytes, no scales.
// Also the conversions binary16 <-> binary32, which the scales of nearly every other type need: the
// way up is exact, the way down rounds to nearest, ties to even.

import { blockType } from './block-type.ts';

export const f16 = blockType({
  name: 'f16',
  id: 1,
  blockSize: 1,
  blockBytes: 2,
  quants: [[0, 2]],
  scales: [],
  decode(bytes, blocks, out) {
    // Bits, not numbers: a NaN's payload would not survive the trip through a number.
    const bits = new Uint32Array(out.buffer, out.byteOffset, blocks);
    for (let i = 0; i < blocks; i++) bits[i] = f16BitsToF32Bits(bytes[2 * i]! | (bytes[2 * i + 1]! << 8));
  },
});

const value32 = new Float32Array(1);
const bits32 = new Uint32Array(value32.buffer);

/** The binary32 bits of a binary16 bit pattern (0..65535). NaN payloads keep their top bits. */
export function f16BitsToF32Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 31;
  const mantissa = half & 0x3ff;
  if (exponent === 31) return (sign | 0x7f800000 | (mantissa << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (mantissa << 13)) >>> 0;
  if (mantissa === 0) return sign >>> 0;
  // Subnormal: mantissa * 2^-24; shift the leading one to where binary32 leaves it out.
  const shift = Math.clz32(mantissa) - 21;
  return (sign | ((113 - shift) << 23) | ((mantissa << (shift + 13)) & 0x7fffff)) >>> 0;
}

/** The value of a binary16 bit pattern (0..65535), exactly. */
export function f16ToF32(half: number): number {
  bits32[0] = f16BitsToF32Bits(half);
  return value32[0]!;
}

/**
 * The binary16 bit pattern nearest to a binary32 value, ties to even. Beyond 65504 (65520 and up)
 * it is infinity; NaN becomes a quiet NaN. A double is rounded to binary32 first.
 */
export function f32ToF16(value: number): number {
  value32[0] = value;
  const bits = bits32[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >> 13) & 0x3ff);
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    const odd = (magnitude >> 13) & 1;
    return sign | ((magnitude - 0x38000000 + 0xfff + odd) >> 13);
  }
  // Below 2^-14 the result counts in steps of 2^-24: at or under half a step is zero.
  if (magnitude <= 0x33000000) return sign;
  const shift = 126 - (magnitude >> 23);
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const kept = mantissa >> shift;
  const rest = mantissa & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0));
}

/** The binary16 at `bytes[at]`, little-endian, as a number. */
export function readF16(bytes: Uint8Array, at: number): number {
  return f16ToF32(bytes[at]! | (bytes[at + 1]! << 8));
}
