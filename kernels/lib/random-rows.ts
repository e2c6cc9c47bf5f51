// Random rows of a weight type, as they stand in a file, with sane magnitudes: what tests and the device self-test
// run kernels on.

import type { DType } from '@quern/dtypes';

/** A seeded source of uniform numbers in [-1, 1): mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2147483648 - 1;
  };
}

export function randomF32(length: number, seed: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, random(seed));
}

/** Random bits with small scales: every f16 field that scales a block is set to a value of 0.03 to 0.125. */
export function randomRows(dtype: DType, rows: number, cols: number, seed: number): Uint8Array {
  const next = random(seed);
  const blocks = (rows * cols) / dtype.blockSize;
  const bytes = new Uint8Array(blocks * dtype.blockBytes);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor((next() + 1) * 128);
  const view = new DataView(bytes.buffer);
  // Two binades of half precision.
  const f16 = (at: number) => view.setUint16(at, 0x2800 + Math.floor((next() + 1) * 0x400), true);
  for (let b = 0; b < blocks; b++) {
    const at = b * dtype.blockBytes;
    for (const field of SCALE_FIELDS[dtype.name] ?? []) f16(at + field);
    if (dtype.name === 'f32') view.setFloat32(at, next(), true);
    if (dtype.name === 'f16') f16(at);
    // The top byte of iq1_m's d, and bytes of exponents.
    if (dtype.name === 'iq1_m') {
      bytes[at + 53] = (bytes[at + 53]! & 0x0f) | 0xc0;
      bytes[at + 55] = (bytes[at + 55]! & 0x0f) | 0x20;
    }
    if (dtype.name === 'mxfp4') bytes[at] = 118 + (bytes[at]! & 7);
    if (dtype.name === 'nvfp4') for (let i = at; i < at + 4; i++) bytes[i] = 0x20 + (bytes[i]! & 31);
    if (/^int[48]/.test(dtype.name)) {
      f16(at);
      // Zeros of each width, and now and then a bfloat16 scale.
      const zero = bytes[at + 2]! & (dtype.name.startsWith('int4') ? 15 : 255);
      view.setUint16(at + 2, zero + (b % 3 === 0 ? 0x8001 : 1), true);
      if (b % 3 === 0) view.setUint16(at, 0x3d10 + (b % 64), true);
    }
    if (dtype.name.startsWith('fp8')) {
      view.setFloat32(at, next() * 0.01 + 0.011, true);
      for (let i = at + 4; i < at + dtype.blockBytes; i++) if ((bytes[i]! & 0x40) !== 0) bytes[i]! &= 0xcf;
    }
    if (dtype.name === 'bf16') view.setUint16(at, 0x3d00 + Math.floor((next() + 1) * 200), true);
  }
  return bytes;
}

/** Offsets of the f16 scales in a block. */
const SCALE_FIELDS: Record<string, number[]> = {
  q4_0: [0],
  q4_1: [0, 2],
  q5_0: [0],
  q5_1: [0, 2],
  q8_0: [0],
  q1_0: [0],
  q2_0: [0],
  q2_k: [80, 82],
  q3_k: [108],
  q4_k: [0, 2],
  q5_k: [0, 2],
  q6_k: [208],
  iq1_s: [0],
  iq2_xxs: [0],
  iq2_xs: [0],
  iq2_s: [0],
  iq3_xxs: [0],
  iq3_s: [0],
  iq4_nl: [0],
  iq4_xs: [0],
  tq1_0: [52],
  tq2_0: [64],
};
