import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { poisoned, randomF32, readF32, readU32, runOp, upload } from '../testing/run-op.ts';
import { topKRef } from './top-k.ref.ts';
import { topK } from './top-k.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

async function check(x: Float32Array<ArrayBuffer>, rows: number, columns: number, k: number): Promise<void> {
  const ids = poisoned(gpu, [rows, k]);
  const values = poisoned(gpu, [rows, k]);
  await runOp(gpu, (rec) => topK(rec, { x: upload(gpu, x, [rows, columns]), ids, values }));
  const expected = topKRef(x, rows, columns, k);
  expect([...(await readU32(gpu, ids))].slice(0, rows * k)).toEqual([...expected.ids]);
  expect([...(await readF32(gpu, values))].slice(0, rows * k)).toEqual([...expected.values]);
}

describe.each([1, 2, 20, 32])('top %i', (k) => {
  test.each([
    [1, 1],
    [2, 3],
    [7, 65],
    [2, 640],
    [1, 2048],
    [2, 2049],
    [2, 49152],
    [1, 151936],
  ])('%i rows of %i', async (rows, columns) => {
    await check(randomF32(rows * columns, columns), rows, columns, k);
  });
  test('many ties, across lanes and slices', async () => {
    await check(
      randomF32(2 * 5000, 3).map((v) => Math.round(v * 2)),
      2,
      5000,
      k,
    );
  });
  test('all equal', async () => {
    await check(new Float32Array(4200).fill(-7.5), 1, 4200, k);
  });
});

test('the largest vocabulary, its best at the ends', async () => {
  const x = randomF32(262144, 5);
  x[262143] = 9;
  x[0] = 9;
  await check(x, 1, 262144, 3);
});

test('zeros tie whatever their sign, masked values sort last', async () => {
  await check(new Float32Array([-1e30, -0, 0, -3, -0, -1e30]), 1, 6, 6);
});

test('argmax without values', async () => {
  const ids = poisoned(gpu, [3]);
  const x = randomF32(3 * 777, 8);
  await runOp(gpu, (rec) => topK(rec, { x: upload(gpu, x, [3, 777]), ids }));
  expect([...(await readU32(gpu, ids))].slice(0, 3)).toEqual([...topKRef(x, 3, 777, 1).ids]);
});

test('refuses what it cannot do', async () => {
  const record = (columns: number, k: number) =>
    runOp(gpu, (rec) => topK(rec, { x: poisoned(gpu, [1, columns]), ids: poisoned(gpu, [1, k]) }));
  await expect(record(262145, 1)).rejects.toThrow(/262145/);
  await expect(record(64, 33)).rejects.toThrow(/k = 33/);
});
