import { beforeEach, describe, expect, test } from 'vitest';
import { buffers, F32, f32Bytes, f32Of, type FakeBuffer, fakeGpu, file, Q8_0 } from './testing/fake-gpu.ts';
import { WeightRegistry } from './weight-registry.ts';

beforeEach(() => {
  buffers.length = 0;
});

const QKV: Array<[string, number]> = [
  ['q.weight', 4],
  ['k.weight', 2],
  ['v.weight', 2],
];

describe('stacking', () => {
  test('neighbours of one type become one weight, rows in order', () => {
    const tensors = file(['q.weight', F32, 4, 8], ['k.weight', F32, 2, 8], ['v.weight', F32, 2, 8]);
    const registry = new WeightRegistry(fakeGpu(), tensors);
    const layer = registry.linear('qkv', 8, QKV);
    expect([layer.rows, layer.cols, layer.weights.length, layer.bias]).toEqual([8, 8, 1, undefined]);
    // Written in any order, slice by slice.
    const rows = (first: number, count: number) =>
      f32Bytes(Array.from({ length: count * 8 }, (_, i) => first * 8 + i));
    registry.write(tensors.get('v.weight')!, 0, 2, rows(6, 2));
    registry.write(tensors.get('q.weight')!, 2, 2, rows(2, 2));
    registry.write(tensors.get('q.weight')!, 0, 2, rows(0, 2));
    registry.write(tensors.get('k.weight')!, 1, 1, rows(5, 1));
    registry.write(tensors.get('k.weight')!, 0, 1, rows(4, 1));
    expect(f32Of(buffers[0]!, 64)).toEqual(Array.from({ length: 64 }, (_, i) => i));
  });

  test('another type begins another weight, with its first row', () => {
    const tensors = file(['q.weight', Q8_0, 4, 32], ['k.weight', Q8_0, 2, 32], ['v.weight', F32, 2, 32]);
    const layer = new WeightRegistry(fakeGpu(), tensors).linear('qkv', 32, QKV);
    expect(layer.weights.map(({ weight, firstRow }) => [weight.dtype.name, weight.rows, firstRow])).toEqual([
      ['q8_0', 6, 0],
      ['f32', 2, 6],
    ]);
  });

  test('what would not fit one binding is not stacked', () => {
    const tensors = file(['gate.weight', F32, 24, 16], ['up.weight', F32, 24, 16]);
    const parts: Array<[string, number]> = [
      ['gate.weight', 24],
      ['up.weight', 24],
    ];
    const fits = new WeightRegistry(fakeGpu(48 * 64), tensors).linear('gate_up', 16, parts);
    expect(fits.weights).toHaveLength(1);
    const split = new WeightRegistry(fakeGpu(47 * 64), tensors).linear('gate_up', 16, parts);
    expect(split.weights.map(({ firstRow }) => firstRow)).toEqual([0, 24]);
  });

  test('a weight beyond one binding lies in parts, and its rows find theirs', () => {
    const tensors = file(['w.weight', F32, 20, 4]);
    const registry = new WeightRegistry(fakeGpu(8 * 16), tensors);
    const { weight } = registry.linear('w', 4, [['w.weight', 20]]).weights[0]!;
    expect(weight.parts.map(({ firstRow, rows }) => [firstRow, rows])).toEqual([
      [0, 8],
      [8, 8],
      [16, 4],
    ]);
    const values = Array.from({ length: 80 }, (_, i) => i);
    registry.write(tensors.get('w.weight')!, 0, 5, f32Bytes(values.slice(0, 20)));
    registry.write(tensors.get('w.weight')!, 5, 15, f32Bytes(values.slice(20)));
    expect([...f32Of(buffers[0]!, 32), ...f32Of(buffers[1]!, 32), ...f32Of(buffers[2]!, 16)]).toEqual(values);
  });

  test('biases come along, zeros where a part has none', () => {
    const tensors = file(
      ['q.weight', F32, 4, 8],
      ['k.weight', F32, 2, 8],
      ['v.weight', F32, 2, 8],
      ['q.bias', F32, 4],
      ['v.bias', F32, 2],
    );
    const registry = new WeightRegistry(fakeGpu(), tensors);
    const { bias } = registry.linear('qkv', 8, QKV);
    registry.write(tensors.get('v.bias')!, 0, 1, f32Bytes([7, 8]));
    registry.write(tensors.get('q.bias')!, 0, 1, f32Bytes([1, 2, 3, 4]));
    const buffer = bias!.place!.buffer as unknown as FakeBuffer;
    expect(f32Of(buffer, 8)).toEqual([1, 2, 3, 4, 0, 0, 7, 8]);
    expect(registry.wanted().map(({ name }) => name)).toEqual([
      'q.weight',
      'k.weight',
      'v.weight',
      'q.bias',
      'v.bias',
    ]);
  });
});

describe('a file that does not fit the model', () => {
  const registry = (...tensors: Parameters<typeof file>) => new WeightRegistry(fakeGpu(), file(...tensors));

  test('a missing tensor is named', () => {
    expect(() => registry().vector('norm.weight', 8)).toThrow(
      expect.objectContaining({ code: 'corrupt-file', message: expect.stringContaining("'norm.weight'") }),
    );
    expect(() => registry(['q.weight', F32, 4, 8], ['k.weight', F32, 2, 8]).linear('qkv', 8, QKV)).toThrow(
      expect.objectContaining({ code: 'corrupt-file', message: expect.stringContaining("'v.weight'") }),
    );
  });

  test.each([
    ['rows', [5, 8]],
    ['columns', [4, 16]],
    ['dimensions', [4, 8, 1]],
    ['dimensions', [32]],
  ])('other %s are named with both shapes', (_, shape) => {
    expect(() => registry(['w.weight', F32, ...shape]).linear('w', 8, [['w.weight', 4]])).toThrow(
      expect.objectContaining({
        code: 'corrupt-file',
        message: expect.stringMatching(new RegExp(`'w.weight' is ${shape.join(' x ')};.*4 x 8`)),
      }),
    );
  });

  test('a bias of another length is refused', () => {
    expect(() =>
      registry(['w.weight', F32, 4, 8], ['w.bias', F32, 3]).linear('w', 8, [['w.weight', 4]]),
    ).toThrow(expect.objectContaining({ code: 'corrupt-file' }));
  });

  test('rows that are no whole blocks are refused', () => {
    expect(() => registry(['w.weight', F32, 4, 6]).linear('w', 6, [['w.weight', 4]])).toThrow(
      expect.objectContaining({ code: 'unsupported-dtype' }),
    );
  });
});

test('tensors are read in the order of the file; what nobody asked for is not', () => {
  const tensors = file(['b.weight', F32, 4, 8], ['unused.weight', F32, 4, 8], ['a', F32, 8]);
  const registry = new WeightRegistry(fakeGpu(), tensors);
  registry.vector('a', 8);
  registry.linear('b', 8, [['b.weight', 4]]);
  expect(registry.wanted().map(({ name }) => name)).toEqual(['b.weight', 'a']);
});

test('counts its bytes and gives them all back', () => {
  const tensors = file(['b.weight', F32, 4, 8], ['a', F32, 8]);
  const registry = new WeightRegistry(fakeGpu(), tensors);
  registry.vector('a', 8);
  registry.linear('b', 8, [['b.weight', 4]]);
  registry.upload('table', new Float32Array(100));
  const all = buffers.reduce((sum, { bytes }) => sum + bytes.length, 0);
  expect(registry.byteLength).toBe(all);
  registry.destroy();
  expect(buffers.map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
});
