// GPTQ, AWQ and FP8 tensors packed by hand here, element by element from their definitions, against what is read.

import { f32ToF16, f16ToF32, FP8_VALUES } from '@quern/dtypes';
import { QuernError } from '@quern/spec';
import { describe, expect, test } from 'vitest';
import type { ModelFile } from '../model-file.ts';
import { requireDecodable } from '../model-file.ts';
import { memorySource } from '../testing/memory-source.ts';
import { type SafetensorsTensor, writeSafetensors } from '../testing/safetensors-writer.ts';
import { openSafetensors } from './open-safetensors.ts';

const STEM = 'model.layers.0.mlp.up_proj';
const BASE = { model_type: 'llama', hidden_size: 64, num_attention_heads: 4, num_hidden_layers: 1 };

function open(tensors: SafetensorsTensor[], config: unknown, more: Record<string, unknown> = {}) {
  const json = (name: string, value: unknown) =>
    memorySource(new TextEncoder().encode(JSON.stringify(value)), name);
  return openSafetensors([
    memorySource(writeSafetensors(tensors), 'model.safetensors'),
    json('config.json', { ...BASE, ...(config === undefined ? {} : { quantization_config: config }) }),
    ...Object.entries(more).map(([name, value]) => json(name, value)),
  ]);
}

/** The matrix as the model has it, in strips of eight rows, whatever may be held of it at once. */
async function read(file: ModelFile): Promise<number[][]> {
  requireDecodable(file);
  const whole = await readHolding(file, Infinity);
  for (const most of [0, 700, 2000]) {
    expect(await readHolding(file, most), `holding ${most} bytes`).toEqual(whole);
  }
  return whole;
}

async function readHolding(file: ModelFile, most: number): Promise<number[][]> {
  const { dtype, shape, packed, byteLength } = file.tensors.get(`${STEM}.weight`)!;
  const [outputs, inputs] = shape as [number, number];
  const assembled = await packed!.assemble(file.sources, most);
  expect(assembled.order !== undefined).toBe(packed!.ordered);
  const rows: number[][] = [];
  for (let first = 0; first < outputs; first += 8) {
    const count = Math.min(8, outputs - first);
    const values = new Float32Array(count * inputs);
    dtype.decode(await assembled.rows(first, count), values.length / dtype.blockSize, values);
    for (let r = 0; r < count; r++) {
      const row = Array.from<number>({ length: inputs });
      for (let i = 0; i < inputs; i++) row[assembled.order?.[i] ?? i] = values[r * inputs + i]!;
      rows.push(row);
    }
  }
  expect(byteLength).toBeLessThanOrEqual(file.sources[0]!.byteLength);
  return rows;
}

interface Integers {
  bits: 4 | 8;
  inputs: number;
  outputs: number;
  group: number;
  /** Group of each input. */
  groupOf?: number[];
  scaleType?: 'F16' | 'BF16';
}

/** Integers, zeros and scales without any pattern, and the f64 matrix that they stand for. */
function integers({ bits, inputs, outputs, group, groupOf, scaleType = 'F16' }: Integers) {
  const of = groupOf ?? Array.from({ length: inputs }, (_, k) => Math.floor(k / group));
  const groups = Math.max(...of) + 1;
  const most = 2 ** bits;
  const q = table(inputs, outputs, (k, n) => (k * 31 + n * 17 + k * n) % most);
  const zeros = table(groups, outputs, (g, n) => 1 + ((g * 5 + n * 3) % (most - 1)));
  const half = table(groups, outputs, (g, n) =>
    scaleType === 'F16' ? f32ToF16(0.01 + g * 0.003 + n * 0.0007) : 0x3c00 + g * 9 + n,
  );
  const scale = (g: number, n: number) => (scaleType === 'F16' ? f16ToF32(half[g]![n]!) : bf16(half[g]![n]!));
  const w = table(outputs, inputs, (n, k) => (q[k]![n]! - zeros[of[k]!]![n]!) * scale(of[k]!, n));
  return {
    q,
    zeros,
    w,
    of,
    groups,
    scales: { shape: [groups, outputs], dtype: scaleType, bytes: halves(half.flat()) },
  };
}

function gptqTensors(spec: Integers, offset: number, withIndices = true) {
  const { bits, inputs, outputs } = spec;
  const { q, zeros, w, of, groups, scales } = integers(spec);
  const per = 32 / bits;
  const qweight = words(inputs / per, outputs, (word, n) => join(bits, (i) => q[word * per + i]![n]!));
  const qzeros = words(groups, outputs / per, (g, word) =>
    join(bits, (i) => zeros[g]![word * per + i]! - offset),
  );
  const tensors = [
    { name: `${STEM}.qweight`, dtype: 'I32', shape: [inputs / per, outputs], bytes: qweight },
    { name: `${STEM}.qzeros`, dtype: 'I32', shape: [groups, outputs / per], bytes: qzeros },
    { name: `${STEM}.scales`, ...scales },
  ];
  const indices = {
    name: `${STEM}.g_idx`,
    dtype: 'I32',
    shape: [inputs],
    bytes: bytesOf(Int32Array.from(of)),
  };
  return { w, tensors: withIndices ? [...tensors, indices] : tensors };
}

describe('GPTQ', () => {
  const config = (bits: number, group_size: number, more: object = {}) => ({
    quant_method: 'gptq',
    bits,
    group_size,
    desc_act: false,
    ...more,
  });

  test.each([
    { bits: 4, inputs: 64, outputs: 16, group: 32 },
    { bits: 4, inputs: 256, outputs: 24, group: 128 },
    { bits: 4, inputs: 256, outputs: 8, group: 64, scaleType: 'BF16' },
    { bits: 8, inputs: 64, outputs: 12, group: 32 },
    { bits: 8, inputs: 256, outputs: 16, group: 128 },
  ] satisfies Integers[])('$bits bits, $inputs inputs in groups of $group', async (spec) => {
    const { w, tensors } = gptqTensors(spec, 1);
    expect(await read(await open(tensors, config(spec.bits, spec.group)))).toEqual(w);
  });

  test('one group of all, without g_idx', async () => {
    const { w, tensors } = gptqTensors({ bits: 4, inputs: 96, outputs: 8, group: 96 }, 1, false);
    expect(await read(await open(tensors, config(4, -1)))).toEqual(w);
  });

  test('version 2 stores zero points as they are', async () => {
    const { w, tensors } = gptqTensors({ bits: 4, inputs: 64, outputs: 8, group: 32 }, 0);
    const v2 = config(4, 32, { checkpoint_format: 'gptq_v2' });
    expect(await read(await open(tensors, v2))).toEqual(w);
  });

  test.each([4, 8] as const)('act-order, %i bits', async (bits) => {
    const inputs = 128;
    const groupOf = Array.from({ length: inputs }, (_, k) => Math.floor(((k * 37 + 11) % inputs) / 32));
    const { w, tensors } = gptqTensors({ bits, inputs, outputs: 16, group: 32, groupOf }, 1);
    expect(await read(await open(tensors, config(bits, 32, { desc_act: true })))).toEqual(w);
  });

  test('quantize_config.json serves where config.json is silent', async () => {
    const { w, tensors } = gptqTensors({ bits: 4, inputs: 64, outputs: 8, group: 32 }, 1);
    const old = { bits: 4, group_size: 32, desc_act: false };
    expect(await read(await open(tensors, undefined, { 'quantize_config.json': old }))).toEqual(w);
  });

  test('what does not fit is refused by name', async () => {
    const spec: Integers = { bits: 4, inputs: 64, outputs: 8, group: 32 };
    const { tensors } = gptqTensors(spec, 1);
    const without = (kind: string) => tensors.filter(({ name }) => name !== `${STEM}.${kind}`);
    await expect(open(without('qzeros'), config(4, 32))).rejects.toThrow(`'${STEM}.qzeros' is missing`);
    await expect(open(tensors, config(4, 64))).rejects.toThrow(
      'they do not make GPTQ with 4 bits in groups of 64',
    );
    await expect(open(tensors, undefined)).rejects.toThrow('neither config.json nor quantize_config.json');
    const three = await open(tensors, config(3, 16));
    expect(() => requireDecodable(three)).toThrow('GPTQ with 4 bits in groups of 16');
    const marlin = await open(tensors, config(4, 32, { checkpoint_format: 'marlin' }));
    expect(() => requireDecodable(marlin)).toThrow("packed by GPTQ in the layout 'marlin'");
    // Groups of other sizes than the config says: found when g_idx is read.
    const uneven = gptqTensors(
      { ...spec, groupOf: Array.from({ length: 64 }, (_, k) => (k < 40 ? 0 : 1)) },
      1,
    );
    const file = await open(uneven.tensors, config(4, 32, { desc_act: true }));
    await expect(read(file)).rejects.toThrow(/g_idx' puts input 32 into group 0/);
    const shuffled = gptqTensors({ ...spec, groupOf: Array.from({ length: 64 }, (_, k) => k % 2) }, 1);
    await expect(read(await open(shuffled.tensors, config(4, 32)))).rejects.toThrow(
      'though desc_act is false',
    );
  });
});

describe('AWQ', () => {
  /** Nibble i of a word holds output ORDER[i] of eight. */
  const ORDER = [0, 2, 4, 6, 1, 3, 5, 7];

  function awqTensors(spec: Integers) {
    const { q, zeros, w, groups, scales } = integers(spec);
    const { inputs, outputs } = spec;
    const pack = (rows: number, of: number[][]) =>
      words(rows, outputs / 8, (row, word) => join(4, (i) => of[row]![word * 8 + ORDER[i]!]!));
    const tensors = [
      { name: `${STEM}.qweight`, dtype: 'I32', shape: [inputs, outputs / 8], bytes: pack(inputs, q) },
      { name: `${STEM}.qzeros`, dtype: 'I32', shape: [groups, outputs / 8], bytes: pack(groups, zeros) },
      { name: `${STEM}.scales`, ...scales },
    ];
    return { w, tensors };
  }

  test.each([32, 64, 128])('groups of %i', async (group) => {
    const { w, tensors } = awqTensors({ bits: 4, inputs: 128, outputs: 24, group });
    const config = { quant_method: 'awq', bits: 4, group_size: group, version: 'GEMM', zero_point: true };
    expect(await read(await open(tensors, config))).toEqual(w);
  });

  test('other layouts are refused by name', async () => {
    const { tensors } = awqTensors({ bits: 4, inputs: 64, outputs: 8, group: 32 });
    const file = await open(tensors, { quant_method: 'awq', bits: 4, group_size: 32, version: 'gemv' });
    expect(() => requireDecodable(file)).toThrow("packed by AWQ in the layout 'gemv'");
  });
});

describe('FP8', () => {
  const [outputs, inputs] = [192, 256];
  const codes = Uint8Array.from({ length: outputs * inputs }, (_, i) => (i * 73 + (i >> 5)) % 127);
  const weight = { name: `${STEM}.weight`, dtype: 'F8_E4M3', shape: [outputs, inputs], bytes: codes };
  const scaled = (scale: (n: number, k: number) => number) =>
    table(outputs, inputs, (n, k) =>
      Math.fround(FP8_VALUES[codes[n * inputs + k]!]! * Math.fround(scale(n, k))),
    );
  const scales = (kind: string, shape: number[], values: number[]) => ({
    name: `${STEM}.${kind}`,
    dtype: 'F32',
    shape,
    bytes: bytesOf(Float32Array.from(values)),
  });

  test('values are those of E4M3', () => {
    // By the definition: bias 7, 3 bits of mantissa, no infinities.
    expect([0x00, 0x01, 0x07, 0x08, 0x38, 0x7e, 0x81, 0xb8].map((code) => FP8_VALUES[code])).toEqual([
      0,
      2 ** -9,
      7 * 2 ** -9,
      2 ** -6,
      1,
      448,
      -(2 ** -9),
      -1,
    ]);
  });

  test('a scale for each 128 x 128 (weight_scale_inv)', async () => {
    const file = await open([weight, scales('weight_scale_inv', [2, 2], [0.5, 0.3, 0.011, 2])], {
      quant_method: 'fp8',
      weight_block_size: [128, 128],
    });
    expect(file.tensors.get(`${STEM}.weight`)!.dtype.name).toBe('fp8_128');
    const at = (n: number, k: number) => [0.5, 0.3, 0.011, 2][(n >> 7) * 2 + (k >> 7)]!;
    expect(await read(file)).toEqual(scaled(at));
    expect(file.tensors.size).toBe(1);
  });

  test('one scale, one for each output, none', async () => {
    const config = { quant_method: 'compressed-tensors', format: 'float-quantized' };
    const input = scales('input_scale', [1], [3]);
    const one = await open([weight, scales('weight_scale', [1], [0.07]), input], config);
    expect(await read(one)).toEqual(scaled(() => 0.07));
    const perRow = Array.from({ length: outputs }, (_, n) => 0.01 + n / 1000);
    const rows = await open([weight, scales('weight_scale', [outputs, 1], perRow)], config);
    expect(await read(rows)).toEqual(scaled((n) => perRow[n]!));
    expect(await read(await open([weight], undefined))).toEqual(scaled(() => 1));
  });

  test('scales of another shape are refused by name', async () => {
    await expect(open([weight, scales('weight_scale', [3], [1, 2, 3])], undefined)).rejects.toThrow(
      `'${STEM}.weight_scale' is 3; for 192 x 256 weights`,
    );
  });
});

test('an unknown packing is refused when the model is to run', async () => {
  const file = await open([], { quant_method: 'bitsandbytes', load_in_4bit: true });
  const error = (() => {
    try {
      requireDecodable(file);
    } catch (caught) {
      return caught;
    }
    return undefined;
  })();
  expect(error).toBeInstanceOf(QuernError);
  expect(error).toMatchObject({ message: expect.stringContaining("packed by 'bitsandbytes'") });
});

function table(rows: number, columns: number, at: (row: number, column: number) => number): number[][] {
  return Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => at(r, c)));
}

function words(rows: number, columns: number, at: (row: number, column: number) => number): Uint8Array {
  return bytesOf(Uint32Array.from(table(rows, columns, at).flat()));
}

/** A word of its parts, the first in the lowest bits. */
function join(bits: number, part: (i: number) => number): number {
  let word = 0;
  for (let i = 0; i < 32 / bits; i++) word += part(i) * 2 ** (bits * i);
  return word;
}

function halves(values: number[]): Uint8Array {
  return bytesOf(Uint16Array.from(values));
}

function bytesOf(view: Int32Array | Uint32Array | Uint16Array | Float32Array): Uint8Array {
  return new Uint8Array(view.buffer);
}

function bf16(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;
}
