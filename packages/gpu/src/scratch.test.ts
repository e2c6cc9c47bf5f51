import { describe, expect, test } from 'vitest';
import type { Dispatch } from './recorder.ts';
import { assignSlots, ScratchPool } from './scratch.ts';
import type { Tensor } from './tensor.ts';

const scratch = (name: string, byteLength: number): Tensor => ({
  name,
  shape: [byteLength / 4],
  byteLength,
  place: undefined,
});
/** Of a dispatch, placement looks at what it binds. */
const uses = (...bind: Tensor[]) => ({ bind }) as unknown as Dispatch;
const NONE: ReadonlySet<Tensor> = new Set();

test('a chain needs two slots, however long it is', () => {
  const tensors = Array.from({ length: 20 }, (_, i) => scratch(`t${i}`, 1024));
  const dispatches = tensors.slice(1).map((tensor, i) => uses(tensors[i]!, tensor));
  const slots = assignSlots(tensors, dispatches, NONE);
  expect(slots).toHaveLength(2);
  expect(slots.map(({ bytes }) => bytes)).toEqual([1024, 1024]);
});

test('what a dispatch reads and what it writes never share memory', () => {
  const [a, b] = [scratch('a', 64), scratch('b', 64)];
  expect(assignSlots([a, b], [uses(a, b)], NONE)).toHaveLength(2);
});

test('a kept tensor shares with nobody after it', () => {
  const tensors = Array.from({ length: 4 }, (_, i) => scratch(`t${i}`, 64));
  const dispatches = tensors.map((tensor) => uses(tensor));
  expect(assignSlots(tensors, dispatches, NONE)).toHaveLength(1);
  const slots = assignSlots(tensors, dispatches, new Set([tensors[1]!]));
  expect(slots.find(({ tensors: held }) => held.includes(tensors[1]!))!.tensors.at(-1)).toBe(tensors[1]);
  expect(slots).toHaveLength(2);
});

test('what nobody uses takes nothing; what is not scratch is left alone', () => {
  const [mine, idle] = [scratch('mine', 64), scratch('idle', 64)];
  const elsewhere = scratch('elsewhere', 64);
  const slots = assignSlots([mine, idle], [uses(mine, elsewhere)], NONE);
  expect(slots.flatMap(({ tensors }) => tensors)).toEqual([mine]);
});

test('slots are whole vectors of 16 bytes and as large as their largest tensor', () => {
  const [small, large] = [scratch('small', 20), scratch('large', 4100)];
  const slots = assignSlots([small, large], [uses(small), uses(large)], NONE);
  expect(slots.map(({ bytes }) => bytes)).toEqual([4112]);
});

/** Mulberry32: uniform in [0, 1). */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below);
  };
}

describe.each(Array.from({ length: 20 }, (_, i) => i + 1))('random program %i', (seed) => {
  test('two tensors that are alive at once never share a slot', () => {
    const below = seeded(seed * 104729);
    const tensors = Array.from({ length: 5 + below(60) }, (_, i) => scratch(`t${i}`, 4 * (1 + below(5000))));
    const kept = new Set(tensors.filter(() => below(10) === 0));
    const dispatches = Array.from({ length: 10 + below(100) }, (_, i) => {
      // Mostly neighbours in the order of recording, as in a model; now and then one from far away.
      const near = () => tensors[Math.min(tensors.length - 1, Math.floor(i / 2) + below(4))]!;
      const far = () => tensors[below(tensors.length)]!;
      return uses(...Array.from({ length: 1 + below(4) }, () => (below(30) === 0 ? far() : near())));
    });
    const slots = assignSlots(tensors, dispatches, kept);

    const alive = new Map<Tensor, [first: number, last: number]>();
    dispatches.forEach(({ bind }, i) => {
      for (const tensor of bind as Tensor[]) alive.set(tensor, [alive.get(tensor)?.[0] ?? i, i]);
    });
    for (const tensor of alive.keys()) if (kept.has(tensor)) alive.get(tensor)![1] = Infinity;
    const placed = slots.flatMap(({ tensors: held }) => held);
    expect(placed.toSorted(byName)).toEqual([...alive.keys()].toSorted(byName));
    for (const { tensors: held, bytes } of slots) {
      for (const [i, a] of held.entries()) {
        expect(bytes).toBeGreaterThanOrEqual(a.byteLength);
        for (const b of held.slice(i + 1)) {
          const [[firstA, lastA], [firstB, lastB]] = [alive.get(a)!, alive.get(b)!];
          expect(lastA < firstB || lastB < firstA, `${a.name} and ${b.name} meet`).toBe(true);
        }
      }
    }
    // Sharing is the point: never more than all tensors side by side.
    const apart = [...alive.keys()].reduce((sum, t) => sum + Math.ceil(t.byteLength / 16) * 16, 0);
    expect(slots.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(apart);
  });
});

function byName(a: Tensor, b: Tensor): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}

describe('memory that plans share', () => {
  const device = { createBuffer: ({ size }: GPUBufferDescriptor) => ({ size }) } as unknown as GPUDevice;

  test('a smaller plan takes what a larger one brought', () => {
    const pool = new ScratchPool();
    const large = pool.take(device, 'large', [4096, 1024, 2048]);
    expect(pool.take(device, 'small', [1024, 2048])).toEqual([large[1], large[2]]);
    expect(pool.byteLength).toBe(7168);
  });

  test('a plan never gets one buffer twice; what is missing is added', () => {
    const pool = new ScratchPool();
    pool.take(device, 'first', [1024, 64]);
    const buffers = pool.take(device, 'second', [64, 64, 1024]);
    expect(new Set(buffers).size).toBe(3);
    expect(buffers.map(({ size }) => size)).toEqual([64, 64, 1024]);
    expect(pool.byteLength).toBe(1152);
  });
});
