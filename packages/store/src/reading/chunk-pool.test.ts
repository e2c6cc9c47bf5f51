import { describe, expect, it } from 'vitest';
import { ByteBudget } from './byte-budget.ts';
import type { LoadedChunk } from './chunk-pool.ts';
import { ChunkPool } from './chunk-pool.ts';

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const BYTES = new Uint8Array(10);

/** A pool of chunks of 10 bytes, whose loads and stores end when told. */
function bench(limit: number, reserved = 0) {
  const budget = new ByteBudget(limit, reserved);
  const pool = new ChunkPool(budget);
  const owners = [{}, {}];
  /** What was loaded, in order: file and index. */
  const loads: string[] = [];
  const loading = new Map<string, (chunk: LoadedChunk) => void>();
  const get = (owner: number, index: number, wanted = true): Promise<Uint8Array> =>
    pool.get(owners[owner]!, index, wanted, () => ({
      byteLength: 10,
      fromNetwork: () => true,
      load: () => {
        loads.push(`${owner}.${index}`);
        return new Promise((resolve) => loading.set(`${owner}.${index}`, resolve));
      },
    }));
  const come = async (name: string, stored?: Promise<void>): Promise<void> => {
    loading.get(name)!({ bytes: BYTES, stored });
    loading.delete(name);
    await tick();
  };
  return { budget, pool, owners, loads, loading, get, come };
}

describe('a chunk pool', () => {
  it('loads a chunk once, what is wanted before what is read ahead, within its pace', async () => {
    const { get, loads, come, pool } = bench(1000);
    expect(pool.pace.limit).toBe(3);
    for (const index of [1, 2, 3, 4]) void get(0, index, false);
    const first = get(1, 7);
    expect(get(1, 7)).toBe(first);
    expect(loads).toEqual(['0.1', '0.2', '0.3']);
    await come('0.1');
    expect(loads.slice(3)).toEqual(['1.7']);
  });

  it('reads ahead only what the budget has room for, and not into what is kept for the other side', async () => {
    const { get, loads, come, budget } = bench(40, 10);
    void get(0, 0);
    await come('0.0');
    for (const index of [1, 2, 3]) void get(0, index, false);
    await come('0.1');
    await come('0.2');
    expect(loads).toEqual(['0.0', '0.1', '0.2']);
    expect(budget.held).toBe(30);
  });

  it('lets go of what was read but for the last, and read-ahead pushes out nothing else', async () => {
    const { get, loads, come, budget } = bench(40);
    for (const index of [0, 1, 2, 3]) {
      void get(0, index);
      await come(`0.${index}`);
    }
    // 0 went when 3 was asked for.
    expect(budget.held).toBe(30);
    for (const index of [4, 5, 6]) void get(0, index, false);
    expect(loads.slice(4)).toEqual(['0.4', '0.5']);
    expect(budget.held).toBe(40);
    void get(0, 2);
    expect(loads).toHaveLength(6);
  });

  it('lets what is wanted push out the furthest that was read ahead', async () => {
    const { get, loads, come } = bench(40);
    void get(0, 0);
    await come('0.0');
    for (const index of [1, 2, 3]) void get(0, index, false);
    for (const index of [1, 2, 3]) await come(`0.${index}`);
    void get(1, 0);
    void get(1, 1);
    expect(loads.slice(4)).toEqual(['1.0', '1.1']);
    await come('1.0');
    // Of file 0, chunk 0 went as it had been read, and chunk 3.
    void get(0, 1);
    void get(0, 2);
    expect(loads.slice(6)).toEqual([]);
    void get(0, 3);
    expect(loads.slice(6)).toEqual(['0.3']);
  });

  it('lets what is wanted come whatever those who empty hold', async () => {
    const { get, loads, budget } = bench(40);
    await budget.take(40);
    void get(0, 0);
    void get(0, 1, false);
    expect(loads).toEqual(['0.0']);
  });

  it('gives way to those who empty when nobody else would', async () => {
    const { get, come, budget } = bench(40);
    void get(0, 0);
    for (const index of [1, 2, 3]) void get(0, index, false);
    for (const index of [0, 1, 2, 3]) await come(`0.${index}`);
    expect(budget.held).toBe(40);
    const give = await budget.take(25);
    expect(budget.held).toBe(35);
    let second = false;
    void budget.take(20).then(() => (second = true));
    await tick();
    // It is given back soon: what is kept stays.
    expect([second, budget.held]).toEqual([false, 35]);
    give();
    await tick();
    expect([second, budget.held]).toEqual([true, 30]);
  });

  it('holds the bytes until the store is done with them', async () => {
    const { get, come, budget, pool, owners, loads } = bench(20);
    let store!: () => void;
    const first = get(0, 0);
    await come('0.0', new Promise((resolve) => (store = resolve)));
    expect(await first).toBe(BYTES);
    pool.drop(owners[0]!);
    expect(budget.held).toBe(10);
    void get(1, 0);
    void get(1, 1);
    expect(loads).toEqual(['0.0', '1.0']);
    store();
    await tick();
    expect(loads).toEqual(['0.0', '1.0', '1.1']);
  });

  it('does not push out what somebody looks at', async () => {
    const { get, come, pool, owners, loads } = bench(10);
    void get(0, 0);
    await come('0.0');
    const held = pool.hold(owners[0]!, 0);
    expect(await held?.bytes).toBe(BYTES);
    void get(0, 1);
    expect(loads).toEqual(['0.0']);
    held?.done();
    held?.done();
    expect(loads).toEqual(['0.0', '0.1']);
    expect(pool.hold(owners[0]!, 0)).toBeUndefined();
  });

  it('forgets what was to be read ahead when the reader goes elsewhere', async () => {
    const { get, come, pool, owners, loads } = bench(30);
    for (const index of [0, 1, 2]) void get(0, index, false);
    for (const index of [0, 1, 2]) await come(`0.${index}`);
    const waiting = get(0, 3, false);
    pool.stray(owners[0]!, 9, 12);
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    void get(0, 9);
    await come('0.9');
    expect(loads.slice(3)).toEqual(['0.9']);
    // What is held of the old place gives way to the new one's read-ahead.
    void get(0, 10, false);
    expect(loads.slice(4)).toEqual(['0.10']);
  });

  it('forgets a failure, and a file that was closed', async () => {
    const { pool, budget } = bench(10);
    const owner = {};
    const load = (work: () => Promise<LoadedChunk>) =>
      pool.get(owner, 0, true, () => ({ byteLength: 10, fromNetwork: () => false, load: work }));
    const fail = async (): Promise<never> => {
      throw new Error('no');
    };
    await expect(load(fail)).rejects.toThrowError('no');
    expect(budget.held).toBe(0);
    expect(await load(async () => ({ bytes: BYTES }))).toBe(BYTES);
    pool.drop(owner);
    const again = new Uint8Array(10);
    expect(await load(async () => ({ bytes: again }))).toBe(again);
  });

  it('rejects what waits when its file is closed', async () => {
    const { pool, owners, get, budget } = bench(10);
    void get(0, 0);
    const second = get(0, 1);
    pool.drop(owners[0]!);
    await expect(second).rejects.toMatchObject({ code: 'aborted' });
    expect(budget.held).toBe(10);
  });
});

/** Numbers from 0 to 1, the same for each seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('any readers at once', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('come to their end within the budget (seed %i)', async (seed) => {
    const random = seeded(seed);
    const upTo = (n: number): number => Math.floor(random() * n);
    const pause = async (): Promise<void> => {
      for (let n = upTo(4); n > 0; n--) await Promise.resolve();
      if (random() < 0.1) await tick();
    };
    // From less than one chunk to some.
    const budget = new ByteBudget([5, 10, 15, 20, 45, 100][upTo(6)], [0, 4][upTo(2)]);
    const pool = new ChunkPool(budget);
    const owners = [{}, {}, {}];
    let alive = 0;
    let most = 0;
    const job = () => ({
      byteLength: 10,
      fromNetwork: () => random() < 0.7,
      load: async (): Promise<LoadedChunk> => {
        alive += 10;
        most = Math.max(most, alive);
        await pause();
        if (random() < 0.1) {
          alive -= 10;
          throw new Error('by chance');
        }
        const stored = random() < 0.7 ? pause() : undefined;
        // Counted until the store is done; what the pool keeps longer is seen by the budget.
        void (stored ?? Promise.resolve()).then(() => (alive -= 10));
        return { bytes: BYTES, stored };
      },
    });
    const reader = async (): Promise<void> => {
      for (let step = 0; step < 60; step++) {
        const owner = owners[upTo(3)]!;
        const index = upTo(12);
        if (random() < 0.1) pool.stray(owner, index, index + 3);
        if (random() < 0.02) pool.drop(owner);
        const wanted = pool.get(owner, index, true, job).catch(() => undefined);
        for (let ahead = upTo(4); ahead > 0; ahead--) void pool.get(owner, index + ahead, false, job);
        // A reader that is aborted leaves its chunk under way.
        if (random() < 0.1) continue;
        await wanted;
        // What it read is repacked and uploaded, sometimes while it reads on.
        const give = random() < 0.5 ? await budget.take(1 + upTo(20)) : () => undefined;
        await pause();
        give();
      }
    };
    await Promise.all([reader(), reader(), reader()]);
    for (const owner of owners) pool.drop(owner);
    for (let n = 0; n < 50 && budget.held > 0; n++) await tick();
    expect(budget.held).toBe(0);
    // One chunk of a reader may come beyond it, and one of an emptier that is larger than the whole.
    expect(most).toBeLessThanOrEqual(Math.max(budget.limit, 10) + 10);
  });
});
