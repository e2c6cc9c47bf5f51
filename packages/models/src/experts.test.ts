import { beforeEach, describe, expect, test } from 'vitest';
import { buffers, F32, f32Bytes, f32Of, type FakeBuffer, fakeGpu, file, Q8_0 } from './testing/fake-gpu.ts';
import { WeightRegistry } from './weight-registry.ts';

beforeEach(() => {
  buffers.length = 0;
});

const EXPERTS = { count: 3, cols: 4 };
const GATE_UP: Array<[string, number]> = [
  ['gate_exps', 2],
  ['up_exps', 1],
];
/** Values 100 e + 10 part + row: rows of the gate 0 and 1, of the up projection 10. */
const row = (value: number) => Array<number>(4).fill(value);
const TOGETHER = [0, 1, 10, 100, 101, 110, 200, 201, 210].flatMap(row);

describe('matrices of experts', () => {
  test('stacked tensors are dealt out to the experts, however slices end', () => {
    const tensors = file(['gate_exps.weight', F32, 3, 2, 4], ['up_exps.weight', F32, 3, 1, 4]);
    const registry = new WeightRegistry(fakeGpu(), tensors);
    const { weights, rows } = registry.experts('gate_up', EXPERTS, GATE_UP);
    expect([rows, weights.length, weights[0]!.weight.rows, weights[0]!.bias]).toEqual([3, 1, 3, undefined]);
    registry.write(tensors.get('gate_exps.weight')!, 0, 3, f32Bytes([0, 1, 100].flatMap(row)));
    registry.write(tensors.get('gate_exps.weight')!, 3, 3, f32Bytes([101, 200, 201].flatMap(row)));
    registry.write(tensors.get('up_exps.weight')!, 0, 3, f32Bytes([10, 110, 210].flatMap(row)));
    expect(f32Of(buffers[0]!, 36)).toEqual(TOGETHER);
  });

  test('so are tensors of one expert each', () => {
    const tensors = file(
      ...[0, 1, 2].flatMap((e): Parameters<typeof file> => [
        [`up.${e}.weight`, F32, 1, 4],
        [`gate.${e}.weight`, F32, 2, 4],
      ]),
    );
    const registry = new WeightRegistry(fakeGpu(), tensors);
    registry.experts('gate_up', EXPERTS, GATE_UP);
    expect(registry.wanted()).toHaveLength(6);
    for (const e of [2, 0, 1]) {
      registry.write(tensors.get(`up.${e}.weight`)!, 0, 1, f32Bytes(row(100 * e + 10)));
      registry.write(tensors.get(`gate.${e}.weight`)!, 1, 1, f32Bytes(row(100 * e + 1)));
      registry.write(tensors.get(`gate.${e}.weight`)!, 0, 1, f32Bytes(row(100 * e)));
    }
    expect(f32Of(buffers[0]!, 36)).toEqual(TOGETHER);
  });

  test('what one binding cannot hold is split between experts', () => {
    const tensors = file(['gate_exps.weight', F32, 3, 2, 4], ['up_exps.weight', F32, 3, 1, 4]);
    // A binding holds eight rows, an expert has three.
    const registry = new WeightRegistry(fakeGpu(8 * 16), tensors);
    const { weight } = registry.experts('gate_up', EXPERTS, GATE_UP).weights[0]!;
    expect(weight.parts.map(({ firstExpert, experts }) => [firstExpert, experts])).toEqual([
      [0, 2],
      [2, 1],
    ]);
    registry.write(tensors.get('gate_exps.weight')!, 0, 6, f32Bytes([0, 1, 100, 101, 200, 201].flatMap(row)));
    registry.write(tensors.get('up_exps.weight')!, 0, 3, f32Bytes([10, 110, 210].flatMap(row)));
    expect([...f32Of(buffers[0]!, 24), ...f32Of(buffers[1]!, 12)]).toEqual(TOGETHER);
  });

  test('an expert that no binding holds whole has its gate and its up projection apart', () => {
    const tensors = file(['gate_exps.weight', F32, 3, 8, 4], ['up_exps.weight', F32, 3, 8, 4]);
    const parts: Array<[string, number]> = [
      ['gate_exps', 8],
      ['up_exps', 8],
    ];
    const shapes = (rows: number) =>
      new WeightRegistry(fakeGpu(rows * 16), tensors)
        .experts('gate_up', EXPERTS, parts)
        .weights.map(({ weight, firstRow }) => [weight.parts.length, weight.rows, firstRow]);
    expect(shapes(16)).toEqual([[3, 16, 0]]);
    expect(shapes(15)).toEqual([
      [3, 8, 0],
      [3, 8, 8],
    ]);
    expect(() => shapes(7)).toThrow("one expert's 8 rows of 4 f32 values take 128 bytes");
  });

  test('another type is another weight; biases stand with theirs', () => {
    const tensors = file(
      ['gate_exps.weight', F32, 3, 2, 32],
      ['up_exps.weight', Q8_0, 3, 1, 32],
      ['gate_exps.bias', F32, 3, 2],
      ['up_exps.bias', F32, 3, 1],
    );
    const { weights } = new WeightRegistry(fakeGpu(), tensors).experts(
      'gate_up',
      { count: 3, cols: 32 },
      GATE_UP,
    );
    expect(weights.map(({ weight, firstRow, bias }) => [weight.dtype.name, firstRow, bias?.shape])).toEqual([
      ['f32', 0, [6]],
      ['q8_0', 2, [3]],
    ]);
  });

  test('biases of one weight are dealt out too', () => {
    const tensors = file(
      ['gate_exps.weight', F32, 3, 2, 4],
      ['up_exps.weight', F32, 3, 1, 4],
      ['gate_exps.bias', F32, 3, 2],
      ['up_exps.bias', F32, 3, 1],
    );
    const registry = new WeightRegistry(fakeGpu(), tensors);
    const { bias } = registry.experts('gate_up', EXPERTS, GATE_UP).weights[0]!;
    registry.write(tensors.get('gate_exps.bias')!, 0, 2, f32Bytes([0, 1, 100, 101]));
    registry.write(tensors.get('gate_exps.bias')!, 2, 1, f32Bytes([200, 201]));
    registry.write(tensors.get('up_exps.bias')!, 0, 3, f32Bytes([10, 110, 210]));
    const buffer = bias!.place!.buffer as unknown as FakeBuffer;
    expect(f32Of(buffer, 9)).toEqual([0, 1, 10, 100, 101, 110, 200, 201, 210]);
  });

  test.each([1, 2, 3, 4, 5, 12])('interleaved rows are sorted, in slices of %i', (slice) => {
    const tensors = file(['gu_exps.weight', F32, 3, 4, 4], ['gu_exps.bias', F32, 3, 4]);
    const registry = new WeightRegistry(fakeGpu(), tensors);
    const { bias } = registry.experts('gate_up', EXPERTS, [['gu_exps', 4]], { interleaved: true })
      .weights[0]!;
    const stored = [0, 1, 2].flatMap((e) => [0, 10, 1, 11].map((value) => 100 * e + value));
    const sorted = [0, 1, 2].flatMap((e) => [0, 1, 10, 11].map((value) => 100 * e + value));
    for (let first = 0; first < 12; first += slice) {
      const count = Math.min(slice, 12 - first);
      const rows = stored.slice(first, first + count);
      registry.write(tensors.get('gu_exps.weight')!, first, count, f32Bytes(rows.flatMap(row)));
    }
    registry.write(tensors.get('gu_exps.bias')!, 0, 3, f32Bytes(stored));
    expect(f32Of(buffers[0]!, 48)).toEqual(sorted.flatMap(row));
    expect(f32Of(bias!.place!.buffer as unknown as FakeBuffer, 12)).toEqual(sorted);
  });

  test('columns are given out as rows, and then sorted', () => {
    const tensors = file(['gu_exps.weight', F32, 3, 4, 6]);
    const registry = new WeightRegistry(fakeGpu(), tensors);
    registry.experts('gate_up', EXPERTS, [['gu_exps', 6]], { transposed: true, interleaved: true });
    const [info] = registry.wanted();
    expect(info).toMatchObject({ name: 'gu_exps.weight', shape: [3, 6, 4], packed: { ordered: false } });
    const value = (e: number, row: number, col: number) => 100 * e + 10 * row + col;
    const matrices = (rows: number[]) =>
      [0, 1, 2].flatMap((e) => rows.flatMap((r) => [0, 1, 2, 3].map((col) => value(e, r, col))));
    registry.write(info!, 0, 18, f32Bytes(matrices([0, 1, 2, 3, 4, 5])));
    expect(f32Of(buffers[0]!, 72)).toEqual(matrices([0, 2, 4, 1, 3, 5]));
  });

  test('columns in blocks are refused', () => {
    const tensors = file(['w_exps.weight', Q8_0, 3, 32, 64]);
    expect(() =>
      new WeightRegistry(fakeGpu(), tensors).experts('w', { count: 3, cols: 32 }, [['w_exps', 64]], {
        transposed: true,
      }),
    ).toThrow(expect.objectContaining({ code: 'unsupported-dtype' }));
  });

  test('all is given back', () => {
    const registry = new WeightRegistry(fakeGpu(), file(['w_exps.weight', F32, 3, 2, 4]));
    registry.experts('w', EXPERTS, [['w_exps', 2]]);
    expect(registry.byteLength).toBe(buffers[0]!.bytes.length);
    registry.destroy();
    expect(buffers[0]!.destroyed).toBe(true);
  });
});

describe('experts that do not fit the model are refused by name', () => {
  test.each<[string, Parameters<typeof file>, string]>([
    ['none', [], "neither 'w_exps.weight' nor 'w.0.weight'"],
    [
      'one missing',
      [
        ['w.0.weight', F32, 2, 4],
        ['w.1.weight', F32, 2, 4],
      ],
      "'w.2.weight'",
    ],
    ['too few stacked', [['w_exps.weight', F32, 2, 2, 4]], '2 x 2 x 4.*3 x 2 x 4'],
    ['flat', [['w_exps.weight', F32, 6, 4]], '6 x 4.*3 x 2 x 4'],
    [
      'of several types',
      [
        ['w.0.weight', F32, 2, 32],
        ['w.1.weight', Q8_0, 2, 32],
      ],
      "'w.1.weight' is q8_0 and 'w.0.weight' f32",
    ],
  ])('%s', (_, tensors, message) => {
    const cols = tensors[0]?.at(-1) === 32 ? 32 : 4;
    expect(() =>
      new WeightRegistry(fakeGpu(), file(...tensors)).experts('w', { count: 3, cols }, [['w_exps', 2]]),
    ).toThrow(
      expect.objectContaining({
        code: 'corrupt-file',
        message: expect.stringMatching(new RegExp(message)),
      }),
    );
  });
});
