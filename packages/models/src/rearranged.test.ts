import { bf16, f16, f32, q8_0, type TensorInfo } from '@quern/dtypes';
import { memorySource } from '@quern/formats/testing';
import { expect, test } from 'vitest';
import { stacked, transposed, transposedExperts, ungrouped } from './rearranged.ts';

function tensor(shape: number[], dtype = f32, offset = 0): TensorInfo {
  const byteLength = shape.reduce((product, n) => product * n, 1) * dtype.blockBytes;
  return { name: 'w', dtype, shape, file: 0, offset, byteLength };
}

/** A source of f32: 0, 1, 2 ... */
const counting = (length: number) =>
  memorySource(new Uint8Array(Float32Array.from({ length }, (_, i) => i).buffer), 'f');

/** The same, whatever may be held of it at once. */
async function rowsOf(info: TensorInfo, length: number, firstRow: number, count: number): Promise<number[]> {
  const [whole, ...others] = await Promise.all(
    [Infinity, 0, 20].map(async (most) => {
      const assembled = await info.packed!.assemble([counting(length)], most);
      return [...new Float32Array((await assembled.rows(firstRow, count)).slice().buffer)];
    }),
  );
  for (const other of others) expect(other).toEqual(whole);
  return whole!;
}

test('a matrix turned round, by strips', async () => {
  const info = transposed(tensor([2, 3]));
  expect(info.shape).toEqual([3, 2]);
  expect(await rowsOf(info, 6, 0, 2)).toEqual([0, 3, 1, 4]);
  expect(await rowsOf(info, 6, 2, 1)).toEqual([2, 5]);
});

test('values of two bytes turned round', async () => {
  const info = transposed(tensor([2, 2], f16));
  const assembled = await info.packed!.assemble(
    [memorySource(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 'f')],
    0,
  );
  expect([...(await assembled.rows(0, 2))]).toEqual([1, 2, 5, 6, 3, 4, 7, 8]);
});

test('experts turned round, by strips that end within one', async () => {
  // [experts, cols, rows] of 2 x 2 x 3: value 100 e + 10 row + col.
  const stored = [0, 10, 20, 1, 11, 21, 100, 110, 120, 101, 111, 121];
  const info = transposedExperts(tensor([2, 2, 3]));
  expect(info.shape).toEqual([2, 3, 2]);
  for (const most of [0, 16, Infinity]) {
    const source = memorySource(new Uint8Array(Float32Array.from(stored).buffer), 'f');
    const assembled = await info.packed!.assemble([source], most);
    const rows = async (first: number, count: number) => [
      ...new Float32Array((await assembled.rows(first, count)).buffer),
    ];
    expect(await rows(0, 2)).toEqual([0, 1, 10, 11]);
    expect(await rows(2, 3)).toEqual([20, 21, 100, 101, 110, 111]);
    expect(await rows(5, 1)).toEqual([120, 121]);
  }
});

test('groups of two queries, a key and a value, as all queries, all keys, all values', async () => {
  // Two groups of four heads of one value: q q k v q q k v.
  const groups = { heads: 4, kvHeads: 2, headDim: 1 };
  const order = [0, 1, 4, 5, 2, 6, 3, 7];
  expect(await rowsOf(ungrouped(tensor([8, 1]), groups), 8, 0, 8)).toEqual(order);
  expect(await rowsOf(ungrouped(tensor([8, 1]), groups), 8, 3, 2)).toEqual([5, 2]);
  expect(await rowsOf(ungrouped(tensor([8]), groups), 8, 0, 1), 'the bias').toEqual(order);
});

test('query, key and value of each head', async () => {
  const info = ungrouped(tensor([12, 1]), { heads: 2, kvHeads: 2, headDim: 2 });
  expect(await rowsOf(info, 12, 0, 12)).toEqual([0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11]);
});

test('vectors as rows of a matrix', async () => {
  const info = stacked('both', [tensor([2], f32, 8), tensor([2])]);
  expect(info).toMatchObject({ name: 'both', shape: [2, 2], byteLength: 16 });
  expect(await rowsOf(info, 4, 0, 2)).toEqual([2, 3, 0, 1]);
});

test('what does not fit is refused by name', async () => {
  expect(() => transposed(tensor([4]))).toThrow("Tensor 'w' is no matrix");
  expect(() => ungrouped(tensor([9, 1]), { heads: 4, kvHeads: 2, headDim: 1 })).toThrow('has 9 rows');
  expect(() => ungrouped(tensor([8, 32], q8_0), { heads: 4, kvHeads: 2, headDim: 1 })).toThrow('type q8_0');
  expect(() => stacked('both', [tensor([2]), tensor([2], bf16)])).toThrow('differs in type');
  await expect(rowsOf(transposed(tensor([2, 3])), 5, 0, 1)).rejects.toThrow();
});
