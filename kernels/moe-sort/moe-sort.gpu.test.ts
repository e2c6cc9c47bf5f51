import type { Gpu } from '@quern/gpu';
import { openTestGpu } from '@quern/gpu/testing';
import { beforeAll, expect, test } from 'vitest';
import { poisoned, random, readU32, runOp, stepTensor, upload } from '../testing/run-op.ts';
import { moeSortRef } from './moe-sort.ref.ts';
import { moeSort, mostTiles } from './moe-sort.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

async function check(slots: readonly number[], used: number, experts: number, height: number, live: number) {
  const rows = slots.length / used;
  const words = new Uint32Array(slots.flatMap((expert) => [expert, 0]));
  const sorted = {
    tiles: poisoned(gpu, [1 + mostTiles(slots.length, experts, height), 4]),
    order: poisoned(gpu, [slots.length]),
    height,
  };
  const routes = upload(gpu, new Float32Array(words.buffer), [rows, used, 2]);
  const step = stepTensor(
    gpu,
    Array.from({ length: rows }, () => ({})),
    live,
  );
  await runOp(gpu, (rec) => moeSort(rec, { ...sorted, routes, experts, step }));
  const tiles = await readU32(gpu, sorted.tiles);
  const order = await readU32(gpu, sorted.order);
  const expected = moeSortRef(slots.slice(0, live * used), experts, height);
  expect(tiles[0]).toBe(expected.tiles.length);
  expected.tiles.forEach((tile, i) => expect(Array.from(tiles.subarray(4 + 4 * i, 7 + 4 * i))).toEqual(tile));
  let place = 0;
  for (const list of expected.lists) {
    const own = order.subarray(place, place + list.length);
    expect(Array.from(own.toSorted())).toEqual(list);
    place += list.length;
  }
}

const drawn = (count: number, experts: number, seed: number) => {
  const next = random(seed);
  return Array.from({ length: count }, () => Math.floor(((next() + 1) / 2) * experts));
};

test.each([
  [1, 2, 4, 8],
  [2, 1, 8, 8],
  [7, 3, 8, 4],
  [33, 8, 128, 8],
  [33, 2, 16, 32],
  [100, 4, 512, 32],
])('%i rows, %i of %i experts, tiles of %i', async (rows, used, experts, height) => {
  await check(drawn(rows * used, experts, rows), used, experts, height, rows);
});

test('all slots on one expert; most experts with none', async () => {
  await check(Array<number>(66).fill(5), 2, 8, 8, 33);
  await check(Array<number>(66).fill(7), 2, 8, 32, 33);
  await check(Array<number>(7).fill(0), 1, 128, 8, 7);
});

test('rows of padding are left out', async () => {
  await check(drawn(64, 8, 3), 2, 8, 8, 21);
});
