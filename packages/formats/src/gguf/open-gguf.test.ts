// What a sound file gives.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { f16ToF32 } from '@quern/dtypes';
import { expect, test } from 'vitest';
import { getTensor } from '../model-file.ts';
import { memorySource, writeGguf, type GgufValue } from '../testing/index.ts';
import { openGguf } from './open-gguf.ts';

function conformance(name: string): Uint8Array {
  return Uint8Array.from(
    readFileSync(fileURLToPath(new URL(`../../../../e2e/conformance/${name}`, import.meta.url))),
  );
}

test('reads every metadata type, in versions 2 and 3', async () => {
  const metadata: Record<string, GgufValue> = {
    u8: ['u8', 255],
    i8: ['i8', -128],
    u16: ['u16', 65535],
    i16: ['i16', -32768],
    u32: ['u32', 4294967295],
    i32: ['i32', -2147483648],
    f32: ['f32', 0.5],
    f64: ['f64', 0.1],
    yes: ['bool', true],
    no: ['bool', false],
    text: ['string', 'naïve 🦆'],
    u64: ['u64', 9007199254740991n],
    i64: ['i64', -9007199254740991n],
    bigU64: ['u64', 18446744073709551615n],
    bigI64: ['i64', -9223372036854775808n],
    strings: ['array', 'string', ['', '\uFEFF', 'a\0b']],
    bools: ['array', 'bool', [true, false]],
    floats: ['array', 'f32', [1.5, -2]],
    bytes: ['array', 'u8', [1, 2, 255]],
    bigs: ['array', 'u64', [1n, 18446744073709551615n]],
    empty: ['array', 'i32', []],
    nested: [
      'array',
      'array',
      [
        ['array', 'i16', [-1]],
        ['array', 'string', ['x']],
      ],
    ],
  };
  for (const version of [2, 3]) {
    const model = await openGguf([memorySource(writeGguf({ version, metadata }))]);
    const found = Object.fromEntries(model.metadata);
    expect(found).toEqual({
      'general.architecture': 'llama',
      u8: 255,
      i8: -128,
      u16: 65535,
      i16: -32768,
      u32: 4294967295,
      i32: -2147483648,
      f32: 0.5,
      f64: 0.1,
      yes: true,
      no: false,
      text: 'naïve 🦆',
      u64: 9007199254740991,
      i64: -9007199254740991,
      bigU64: 18446744073709551615n,
      bigI64: -9223372036854775808n,
      strings: ['', '\uFEFF', 'a\0b'],
      bools: [true, false],
      floats: Float32Array.of(1.5, -2),
      bytes: Uint8Array.of(1, 2, 255),
      bigs: BigUint64Array.of(1n, 18446744073709551615n),
      empty: new Int32Array(0),
      nested: [Int16Array.of(-1), ['x']],
    });
  }
});

test('places tensors: outermost dimension first, offsets from the start of the file', async () => {
  const tensors = [
    { name: 'a', type: 'f32', shape: [3], bytes: new Uint8Array(new Float32Array([1, 2, 3]).buffer) },
    { name: 'b', type: 'q4_k', shape: [2, 3, 512] },
    { name: 'scalar', type: 'f16', shape: [] },
  ];
  for (const alignment of [1, 32, 4096]) {
    const bytes = writeGguf({ tensors, alignment });
    const model = await openGguf([memorySource(bytes)]);
    const a = getTensor(model, 'a');
    expect(new Float32Array(bytes.slice(a.offset, a.offset + a.byteLength).buffer)).toEqual(
      new Float32Array([1, 2, 3]),
    );
    expect(a.offset % alignment).toBe(0);
    const b = getTensor(model, 'b');
    expect([b.dtype.name, b.shape, b.byteLength, b.file]).toEqual(['q4_k', [2, 3, 512], 12 * 144, 0]);
    expect(getTensor(model, 'scalar')).toMatchObject({ shape: [], byteLength: 2 });
    expect([...model.tensors.keys()]).toEqual(['a', 'b', 'scalar']);
  }
});

test('opens a model made by llama.cpp and finds its weights', async () => {
  const bytes = conformance('arch-llama/model.gguf');
  const safetensors = conformance('arch-llama/model.safetensors');
  const model = await openGguf([memorySource(bytes)]);
  expect([model.format, model.architecture]).toEqual(['gguf', 'llama']);
  // The same weights as BF16 lie beside it: those values are exact in F16 too, so they must agree.
  const headerLength = Number(new DataView(safetensors.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(safetensors.subarray(8, 8 + headerLength))) as Record<
    string,
    { data_offsets: [number, number]; shape: number[] }
  >;
  const entry = header['model.embed_tokens.weight']!;
  const tensor = getTensor(model, 'token_embd.weight');
  expect(tensor.shape).toEqual(entry.shape);
  const bf16 = new DataView(safetensors.buffer, 8 + headerLength + entry.data_offsets[0]);
  const f16 = new DataView(bytes.buffer, tensor.offset);
  expect(tensor.dtype.name).toBe('f16');
  const elements = tensor.byteLength / 2;
  const bits = new Uint32Array(1);
  const value = new Float32Array(bits.buffer);
  let different = 0;
  for (let i = 0; i < elements; i++) {
    bits[0] = bf16.getUint16(2 * i, true) << 16;
    if (Math.abs(f16ToF32(f16.getUint16(2 * i, true)) - value[0]!) > 2 ** -24) different++;
  }
  expect([elements > 1000, different]).toEqual([true, 0]);
});

test('opens models of several block types', async () => {
  for (const type of ['q4_0', 'q8_0', 'q4_k', 'q6_k', 'iq2_xs']) {
    const model = await openGguf([memorySource(conformance(`quant-${type}/model.gguf`))]);
    const types = new Set([...model.tensors.values()].map((tensor) => tensor.dtype.name));
    expect(types).toContain(type);
    expect(model.unsupported.size).toBe(0);
  }
});

test('reads a long header in few and growing steps, and none of the weights', async () => {
  const tokens = Array.from({ length: 100_000 }, (_, i) => `token ${i}`);
  const bytes = writeGguf({
    metadata: { 'tokenizer.ggml.tokens': ['array', 'string', tokens] },
    tensors: [{ name: 'big', type: 'f32', shape: [1 << 20] }],
  });
  const source = memorySource(bytes);
  const model = await openGguf([source]);
  expect(model.metadata.get('tokenizer.ggml.tokens')).toEqual(tokens);
  expect(source.reads.length).toBeLessThan(6);
  let at = 0;
  for (const read of source.reads) {
    expect(read.offset).toBe(at);
    at += read.length;
  }
  expect(at).toBeLessThan(bytes.length - (3 << 20));
});

test('stops when its signal fires', async () => {
  const controller = new AbortController();
  controller.abort();
  const source = memorySource(writeGguf({}));
  await expect(openGguf([source], controller.signal)).rejects.toMatchObject({ code: 'aborted' });
  expect(source.reads).toEqual([]);
});

test('refuses no sources at all', async () => {
  await expect(openGguf([])).rejects.toMatchObject({ code: 'invalid-request' });
});
