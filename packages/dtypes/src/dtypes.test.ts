// Every type against blocks decoded by ggml, and against its two GPU streams.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { DTYPES, dtypeById, dtypeByName, ggufTypeName } from './registry.ts';
import type { DType } from './dtype.ts';
import { q3_k } from './q3_k.ts';

const CASES = new URL('../../../e2e/conformance/dequant/', import.meta.url);

/** A copy of a case's bytes that starts at an address of its own (files may come at odd offsets). */
function caseBytes(file: string): Uint8Array {
  return Uint8Array.from(readFileSync(fileURLToPath(new URL(file, CASES))));
}

function blocksOf(type: DType): Uint8Array {
  if (type.name !== 'f32') return caseBytes(`${type.name.toUpperCase()}.bin`);
  return caseBytes('F16.f32.bin');
}

function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/**
 * Where each stream byte of a block comes from (-1: zero), as the kernels' side of the contract has it.
 * q3_k computes its scales: see q3_k.test.ts.
 */
const LAYOUTS: Record<string, { q: number[]; s: number[] }> = {
  f32: { q: range(0, 4), s: [] },
  f16: { q: range(0, 2), s: [] },
  bf16: { q: range(0, 2), s: [] },
  q4_0: { q: range(2, 18), s: range(0, 2) },
  q4_1: { q: range(4, 20), s: range(0, 4) },
  q5_0: { q: range(6, 22), s: range(0, 6) },
  q5_1: { q: range(8, 24), s: range(0, 8) },
  q8_0: { q: range(2, 34), s: range(0, 2) },
  q4_k: { q: range(16, 144), s: range(0, 16) },
  q6_k: { q: range(0, 192), s: [...range(192, 210), -1, -1] },
  q2_k: { q: range(16, 80), s: [...range(0, 16), ...range(80, 84)] },
  q5_k: { q: [...range(48, 176), ...range(16, 48)], s: range(0, 16) },
  iq4_nl: { q: range(2, 18), s: range(0, 2) },
  iq4_xs: { q: range(8, 136), s: range(0, 8) },
  mxfp4: { q: range(1, 17), s: range(0, 1) },
  iq2_xxs: { q: range(2, 66), s: range(0, 2) },
  iq2_xs: { q: range(2, 66), s: [...range(66, 74), 0, 1, -1, -1] },
  iq2_s: { q: range(2, 66), s: [...range(66, 82), 0, 1, -1, -1] },
  iq3_xxs: { q: range(2, 98), s: range(0, 2) },
  iq3_s: { q: [...range(2, 66), ...range(74, 106)], s: [...range(66, 74), ...range(106, 110), 0, 1, -1, -1] },
  iq1_s: { q: range(2, 50), s: range(0, 2) },
  iq1_m: { q: range(0, 48), s: range(48, 56) },
  tq1_0: { q: range(0, 48), s: [...range(48, 54), -1, -1] },
  tq2_0: { q: range(0, 64), s: range(64, 66) },
  nvfp4: { q: range(4, 36), s: range(0, 4) },
  q1_0: { q: range(2, 18), s: range(0, 2) },
  q2_0: { q: range(2, 18), s: range(0, 2) },
};

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

describe.each(DTYPES.map((type) => [type.name, type] as const))('%s', (name, type) => {
  const bytes = blocksOf(type);
  const blocks = bytes.length / type.blockBytes;

  test('decodes to the bits of ggml', () => {
    const expected = caseBytes(name === 'f32' ? 'F16.f32.bin' : `${name.toUpperCase()}.f32.bin`);
    const out = new Float32Array(blocks * type.blockSize);
    type.decode(bytes, blocks, out);
    expect(blocks).toBeGreaterThan(0);
    expect(bits(out)).toEqual(new Uint32Array(expected.buffer));
  });

  test('decodes and repacks no blocks', () => {
    const none = new Uint8Array(0);
    type.decode(none, 0, new Float32Array(0));
    type.repack(none, 0, none, none);
  });

  test('refuses buffers that are too short', () => {
    const out = new Float32Array(blocks * type.blockSize);
    const quants = new Uint8Array(blocks * type.qBytes);
    const scales = new Uint8Array(blocks * type.sBytes);
    const short = bytes.subarray(1);
    expect(() => type.decode(short, blocks, out)).toThrow(`${name}: input bytes holds`);
    expect(() => type.decode(bytes, blocks, out.subarray(1))).toThrow('decode output');
    expect(() => type.repack(short, blocks, quants, scales)).toThrow('input bytes');
    expect(() => type.repack(bytes, blocks, quants.subarray(1), scales)).toThrow('quant stream');
    if (type.sBytes > 0) {
      expect(() => type.repack(bytes, blocks, quants, scales.subarray(1))).toThrow('scale stream');
    }
  });

  test('is found by number and by name', () => {
    expect(dtypeById(type.id)).toBe(type);
    expect(dtypeByName(name)).toBe(type);
    expect(ggufTypeName(type.id).toLowerCase()).toBe(name);
  });
});

describe.each(DTYPES.filter((type) => type !== q3_k).map((type) => [type.name, type] as const))(
  'layout of %s',
  (name, type) => {
    const bytes = blocksOf(type);
    const blocks = bytes.length / type.blockBytes;

    test('repacks every byte to its place, at any alignment, and touches nothing else', () => {
      const { q, s } = LAYOUTS[name]!;
      expect([type.qBytes, type.sBytes]).toEqual([q.length, s.length]);
      for (const shift of [0, 1, 2]) {
        const input = new Uint8Array(bytes.length + 4).subarray(shift, shift + bytes.length);
        input.set(bytes);
        const quants = new Uint8Array(blocks * q.length + 4 + shift).fill(0xa5).subarray(shift);
        const scales = new Uint8Array(blocks * s.length + 4 + shift).fill(0xa5).subarray(shift);
        type.repack(input, blocks, quants, scales);
        expect(quants).toEqual(streamOf(q, bytes, blocks, type.blockBytes));
        expect(scales).toEqual(streamOf(s, bytes, blocks, type.blockBytes));
      }
    });

    test('every stored byte is in a stream, once', () => {
      const { q, s } = LAYOUTS[name]!;
      const placed = [...q, ...s].filter((from) => from >= 0).sort((a, b) => a - b);
      expect(placed).toEqual(range(0, type.blockBytes));
    });
  },
);

/** The expected stream with the four untouched bytes that follow it. */
function streamOf(from: number[], bytes: Uint8Array, blocks: number, blockBytes: number): Uint8Array {
  const out: number[] = [];
  for (let b = 0; b < blocks; b++) {
    for (const at of from) out.push(at < 0 ? 0 : bytes[b * blockBytes + at]!);
  }
  return Uint8Array.from([...out, 0xa5, 0xa5, 0xa5, 0xa5]);
}

test('types Quern cannot decode still have a name', () => {
  expect(dtypeById(9)).toBeUndefined();
  expect(ggufTypeName(9)).toBe('Q8_1');
  expect(ggufTypeName(12345)).toBe('type 12345');
  expect(dtypeByName('Q4_K')).toBeUndefined();
});
