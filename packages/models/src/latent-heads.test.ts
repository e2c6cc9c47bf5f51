import { type DType, dtypeByName, f16ToF32 } from '@quern/dtypes';
import { beforeEach, describe, expect, test } from 'vitest';
import { deepseek2 } from './architectures/deepseek2.ts';
import { latentHeads } from './latent-heads.ts';
import { buffers, F32, f32Bytes, f32Of, fakeGpu, file, Q8_0 } from './testing/fake-gpu.ts';
import { WeightRegistry } from './weight-registry.ts';

beforeEach(() => {
  buffers.length = 0;
});

const COMBINED = 'blk.0.attn_kv_b.weight';
const [heads, rank, plain, valueDim] = [3, 8, 4, 12] as const;
const dims = { heads, rank, plain, valueDim };
const each = plain + valueDim;

/** Value of row `row`, column `column` of the combined tensor: exact in every float type. */
const at = (row: number, column: number) => ((row * rank + column) % 251) - 100;

/** Streams the combined tensor in slices of five rows, which end within keys, values and heads. */
function stream(dtype: DType, encode: (values: number[]) => Uint8Array) {
  const tensors = file([COMBINED, dtype, heads * each, rank]);
  const registry = new WeightRegistry(fakeGpu(), tensors);
  const made = latentHeads(registry, 0, dims);
  for (let first = 0; first < heads * each; first += 5) {
    const count = Math.min(5, heads * each - first);
    const values = Array.from({ length: count * rank }, (_, i) => at(first + Math.floor(i / rank), i % rank));
    registry.write(tensors.get(COMBINED)!, first, count, encode(values));
  }
  return made;
}

const keys = Array.from({ length: heads * rank * plain }, (_, i) => {
  const head = Math.floor(i / (rank * plain));
  return at(head * each + (i % plain), Math.floor(i / plain) % rank);
});
const values = Array.from({ length: heads * valueDim * rank }, (_, i) => {
  const row = Math.floor(i / rank);
  return at(Math.floor(row / valueDim) * each + plain + (row % valueDim), i % rank);
});

describe('a combined projection', () => {
  test('gives keys transposed head by head, and values', () => {
    const { absorb, expand } = stream(F32, f32Bytes);
    expect([absorb.rows, absorb.cols, expand.rows, expand.cols]).toEqual([24, 4, 36, 8]);
    expect(f32Of(buffers[0]!, keys.length)).toEqual(keys);
    expect(f32Of(buffers[1]!, values.length)).toEqual(values);
  });

  test('of bf16 stays bf16', () => {
    const top = (list: number[]) => Uint16Array.from(list, (v) => f32Bits(v) >>> 16);
    const { absorb } = stream(dtypeByName('bf16')!, (list) => new Uint8Array(top(list).buffer));
    expect(absorb.dtype.name).toBe('bf16');
    // A row of four values takes half of the 16 bytes where the next begins.
    const words = new Uint16Array(buffers[0]!.bytes.buffer);
    const rows = Array.from({ length: heads * rank }, (_, row) => [
      ...words.subarray(row * 8, row * 8 + plain),
    ]);
    expect(rows.flat()).toEqual([...top(keys)]);
  });

  test('of blocks becomes f16, its values keep their type', () => {
    const wide = { heads: 1, rank: 32, plain: 4, valueDim: 4 };
    const tensors = file([COMBINED, Q8_0, 8, 32]);
    const registry = new WeightRegistry(fakeGpu(), tensors);
    const { absorb, expand } = latentHeads(registry, 0, wide);
    expect([absorb.dtype.name, expand.dtype.name]).toEqual(['f16', 'q8_0']);
    // Scale 1 (0x3c00), quant = row * 10 + column % 8.
    const bytes = new Uint8Array(8 * 34);
    for (let row = 0; row < 8; row++) {
      bytes[row * 34 + 1] = 0x3c;
      for (let i = 0; i < 32; i++) bytes[row * 34 + 2 + i] = row * 10 + (i % 8);
    }
    registry.write(tensors.get(COMBINED)!, 0, 8, bytes);
    const halves = new Uint16Array(buffers[0]!.bytes.buffer);
    const first = Array.from({ length: 4 }, (_, row) =>
      [...halves.subarray(row * 8, row * 8 + 4)].map(f16ToF32),
    );
    expect(first).toEqual([0, 1, 2, 3].map((row) => [row, 10 + row, 20 + row, 30 + row]));
    expect(buffers[1]!.bytes.subarray(0, 4)).toEqual(Uint8Array.of(40, 41, 42, 43));
  });

  test('is told of in remarks, unless the file has the halves too', () => {
    const remarks = (...tensors: Parameters<typeof file>) => deepseek2.remarks!(file(...tensors));
    expect(remarks([COMBINED, Q8_0, 48, 32])[0]).toContain(
      '(q8_0) is transposed while it loads and kept as f16.',
    );
    expect(remarks([COMBINED, F32, 48, 8])[0]).toContain('transposed while it loads.');
    expect(remarks([COMBINED, F32, 48, 8], ['blk.0.attn_k_b.weight', F32, 3, 8, 4])).toEqual([]);
  });
});

test('matrices that lie apart go up as they are', () => {
  const tensors = file(
    [COMBINED, F32, heads * each, rank],
    ['blk.0.attn_k_b.weight', F32, heads, rank, plain],
    ['blk.0.attn_v_b.weight', F32, heads, valueDim, rank],
  );
  const registry = new WeightRegistry(fakeGpu(), tensors);
  latentHeads(registry, 0, dims);
  expect(registry.wanted().map(({ name }) => name)).toEqual([
    'blk.0.attn_k_b.weight',
    'blk.0.attn_v_b.weight',
  ]);
  registry.write(tensors.get('blk.0.attn_k_b.weight')!, 8, 16, f32Bytes(keys.slice(32)));
  registry.write(tensors.get('blk.0.attn_k_b.weight')!, 0, 8, f32Bytes(keys.slice(0, 32)));
  expect(f32Of(buffers[0]!, keys.length)).toEqual(keys);
});

test('inputs in an order of their own are refused', () => {
  const tensors = file([COMBINED, F32, heads * each, rank]);
  const ordered = {
    ...tensors.get(COMBINED)!,
    packed: { ordered: true, smallBytes: 0, assemble: () => Promise.reject() },
  };
  const registry = new WeightRegistry(fakeGpu(), new Map([[COMBINED, ordered]]));
  expect(() => latentHeads(registry, 0, dims)).toThrow(/reordered/);
});

test('more heads than one binding holds lie in parts, none of them cut', () => {
  const tensors = file([COMBINED, F32, heads * each, rank]);
  const parts = (binding: number) => {
    const { absorb, expand } = latentHeads(new WeightRegistry(fakeGpu(binding), tensors), 0, dims);
    return [absorb, expand].map((weight) => weight.parts.map(({ rows }) => rows));
  };
  const matrix = rank * plain * 4;
  expect(parts(heads * valueDim * rank * 4)).toEqual([[heads * rank], [heads * valueDim]]);
  expect(parts(valueDim * rank * 4)).toEqual([
    [rank * Math.floor((valueDim * rank * 4) / matrix)],
    [valueDim, valueDim, valueDim],
  ]);
  expect(() => parts(matrix)).toThrow(/attn_kv_b.weight values: 12 rows of 8 f32 values take 384 bytes/);
});

test('neither form: the one that is missing is named', () => {
  const registry = new WeightRegistry(fakeGpu(), file(['x', F32, 4]));
  expect(() => latentHeads(registry, 0, dims)).toThrow(/attn_k_b/);
});

function f32Bits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]!;
}
