// FP8 and 8-bit GPTQ, for which there is no outside case: a tiny model is packed here by the formats' definitions,
// and must compute what the same folder with the unpacked values in F32 computes.

import { f16ToF32, f32ToF16, FP8_VALUES } from '@quern/dtypes';
import { openModel } from '@quern/engine/testing';
import { openModelFile } from '@quern/formats';
import { memorySource, type SafetensorsTensor, writeSafetensors } from '@quern/formats/testing';
import { openDawn } from '@quern/gpu/node';
import type { ByteSource } from '@quern/spec';
import { expect, test } from 'vitest';
import { caseFolder, readCase } from './case.ts';
import { nmse } from './check-case.ts';

interface Packed {
  tensors: SafetensorsTensor[];
  /** What they stand for. */
  values: Float32Array;
}

type Pack = (stem: string, w: Float32Array, rows: number, cols: number) => Packed;

/** The nearest FP8 number, a scale for each 128 x 128. */
const fp8: Pack = (stem, w, rows, cols) => {
  const across = Math.ceil(cols / 128);
  const blockOf = (i: number) =>
    Math.floor(Math.floor(i / cols) / 128) * across + Math.floor((i % cols) / 128);
  const scales = new Float32Array(Math.ceil(rows / 128) * across);
  w.forEach((value, i) => (scales[blockOf(i)] = Math.max(scales[blockOf(i)]!, Math.abs(value) / 448)));
  const codes = Uint8Array.from(w, (value, i) => nearest(value / scales[blockOf(i)]!));
  return {
    tensors: [
      { name: `${stem}.weight`, dtype: 'F8_E4M3', shape: [rows, cols], bytes: codes },
      {
        name: `${stem}.weight_scale_inv`,
        dtype: 'F32',
        shape: [scales.length / across, across],
        bytes: bytesOf(scales),
      },
    ],
    values: Float32Array.from(codes, (code, i) => FP8_VALUES[code]! * scales[blockOf(i)]!),
  };
};

function nearest(value: number): number {
  let best = 0;
  for (let code = 0; code < 256; code++) {
    if (Math.abs(FP8_VALUES[code]! - value) < Math.abs(FP8_VALUES[best]! - value)) best = code;
  }
  return best;
}

/** 8 bits in groups of 32 inputs; the inputs of each group stand `stride` apart, as act-order may have them. */
const gptq8: Pack = (stem, w, rows, cols) => {
  const groups = cols / 32;
  const groupOf = (k: number) => k % groups;
  const scales = new Uint16Array(groups * rows);
  const zeros = new Uint8Array(groups * rows);
  for (let n = 0; n < rows; n++) {
    for (let g = 0; g < groups; g++) {
      const own = Array.from({ length: 32 }, (_, i) => w[n * cols + i * groups + g]!);
      const [low, high] = [Math.min(...own, 0), Math.max(...own, 0)];
      scales[g * rows + n] = f32ToF16((high - low) / 254);
      zeros[g * rows + n] = 1 + Math.round(-low / f16ToF32(scales[g * rows + n]!));
    }
  }
  const scale = (k: number, n: number) => f16ToF32(scales[groupOf(k) * rows + n]!);
  const zero = (k: number, n: number) => zeros[groupOf(k) * rows + n]!;
  const q = Uint8Array.from({ length: cols * rows }, (_, i) => {
    const [k, n] = [Math.floor(i / rows), i % rows];
    return Math.min(255, Math.max(0, Math.round(w[n * cols + k]! / scale(k, n)) + zero(k, n)));
  });
  // A word holds four inputs of an output; of zeros, four outputs.
  const qweight = new Uint8Array(cols * rows);
  q.forEach((value, i) => {
    const [k, n] = [Math.floor(i / rows), i % rows];
    qweight[(Math.floor(k / 4) * rows + n) * 4 + (k % 4)] = value;
  });
  const i32 = (kind: string, shape: number[], bytes: Uint8Array) => ({
    name: `${stem}.${kind}`,
    dtype: 'I32',
    shape,
    bytes,
  });
  return {
    tensors: [
      i32('qweight', [cols / 4, rows], qweight),
      i32(
        'qzeros',
        [groups, rows / 4],
        zeros.map((value) => value - 1),
      ),
      i32('g_idx', [cols], bytesOf(Int32Array.from({ length: cols }, (_, k) => groupOf(k)))),
      { name: `${stem}.scales`, dtype: 'F16', shape: [groups, rows], bytes: bytesOf(scales) },
    ],
    values: Float32Array.from(w, (_, i) => {
      const [n, k] = [Math.floor(i / cols), i % cols];
      return (q[k * rows + n]! - zero(k, n)) * scale(k, n);
    }),
  };
};

const FP8_CONFIG = { quant_method: 'fp8', weight_block_size: [128, 128] };
const GPTQ_CONFIG = { quant_method: 'gptq', bits: 8, group_size: 32, desc_act: true };

test.each<[string, string, Pack, object, string]>([
  ['FP8 with scales of blocks', 'arch-llama', fp8, FP8_CONFIG, 'fp8'],
  ['8-bit GPTQ with act-order', 'arch-llama', gptq8, GPTQ_CONFIG, 'int8'],
  ['experts in FP8', 'arch-qwen3moe-dense', fp8, FP8_CONFIG, 'fp8'],
])('%s', async (_, name, pack, config, type) => {
  const folders = await twins(name, pack, config);
  const { promptIds, greedyIds } = readCase(name);
  const prompt = promptIds.slice(0, 40);
  const logits: Float32Array[][] = [];
  for (const sources of [folders.packed, folders.plain]) {
    const model = await openModel({ sources, gpu: await openDawn(), kv: 'f32', contextLength: 256 });
    const packed = model.engine.info().tensorTypes[type] ?? 0;
    expect(packed).toBe(sources === folders.packed ? folders.count : 0);
    const prefilled = await model.prefillLogits(prompt);
    logits.push([...prefilled, ...(await model.decodeLogits(prompt, greedyIds.slice(0, 4)))]);
    await model.engine.unload();
  }
  expect(folders.count).toBeGreaterThan(10);
  expect(nmse(logits[0]!, logits[1]!)).toBeLessThanOrEqual(1e-10);
});

test('experts whose inputs are reordered are refused by name', async () => {
  const { packed } = await twins('arch-qwen3moe-dense', gptq8, GPTQ_CONFIG);
  await expect(openModel({ sources: packed, gpu: await openDawn() })).rejects.toMatchObject({
    code: 'unsupported-dtype',
    message: expect.stringContaining(
      'has its inputs reordered (GPTQ with desc_act), which does not run for experts',
    ),
  });
});

/** The folder of a case with its projections packed, how many they are, and the folder with what these stand for. */
async function twins(
  name: string,
  pack: Pack,
  config: object,
): Promise<{ packed: ByteSource[]; plain: ByteSource[]; count: number }> {
  const folder = caseFolder(name);
  let count = 0;
  const file = await openModelFile(folder);
  const [packed, plain]: [SafetensorsTensor[], SafetensorsTensor[]] = [[], []];
  for (const { name, dtype, shape, offset, byteLength } of file.tensors.values()) {
    const bytes = await file.sources[0]!.read(offset, byteLength);
    const [, stem] = /^(.*_proj)\.weight$/.exec(name) ?? [];
    if (stem === undefined) {
      const same = { name, dtype: dtype.name.toUpperCase(), shape, bytes };
      packed.push(same);
      plain.push(same);
      continue;
    }
    count++;
    const values = new Float32Array(shape[0]! * shape[1]!);
    dtype.decode(bytes, values.length, values);
    const made = pack(stem, values, shape[0]!, shape[1]!);
    packed.push(...made.tensors);
    plain.push({ name, dtype: 'F32', shape, bytes: bytesOf(made.values) });
  }
  const beside = folder.filter(({ name }) => !/safetensors$|^config/.test(name));
  const source = folder.find(({ name }) => name === 'config.json')!;
  const json = JSON.parse(new TextDecoder().decode(await source.read(0, source.byteLength)));
  const write = (tensors: SafetensorsTensor[], more: object) => [
    memorySource(writeSafetensors(tensors), 'model.safetensors'),
    memorySource(new TextEncoder().encode(JSON.stringify({ ...json, ...more })), 'config.json'),
    ...beside,
  ];
  return { packed: write(packed, { quantization_config: config }), plain: write(plain, {}), count };
}

function bytesOf(view: Float32Array | Int32Array | Uint16Array): Uint8Array {
  return new Uint8Array(view.buffer);
}
