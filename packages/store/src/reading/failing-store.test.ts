import { describe, expect, it } from 'vitest';
import { QuernError } from '@quern/spec';
import { ByteBudget } from './byte-budget.ts';
import { openCached } from './cached-source.ts';
import { ChunkPool } from './chunk-pool.ts';
import { CHUNK_BYTES } from '../chunk-stores/chunk-store.ts';
import { cacheBench, expectChunks, LENGTH, retry } from '../testing/cache-bench.ts';

const bench = cacheBench();

describe('a store that fails', () => {
  it.each([1, 2, 3, 4, 5])('at write %i: streams on, says so once, loses nothing', async (n) => {
    let puts = 0;
    const full = bench.altered({
      async put(file, index, bytes) {
        if (++puts >= n) throw new QuernError('storage-full', 'no room');
        await bench.store.put(file, index, bytes);
      },
    });
    const source = await bench.open({ store: full });
    await expectChunks(source, 0, 5);
    await source.close();
    expect(bench.warnings.map((warning) => warning.code)).toEqual(['storage-full']);
    expect((await bench.storedChunks()).length).toBe(n - 1);
    bench.server.forget();
    await expectChunks(await bench.open(), 0, 5);
    const kept = n - 1;
    expect(bench.server.bytesSent).toBeLessThanOrEqual(LENGTH - Math.max(0, kept - 1) * CHUNK_BYTES);
  });

  it('when it is opened', async () => {
    const refuse = (): never => {
      throw new DOMException('private window', 'InvalidStateError');
    };
    const dead = bench.altered({ find: async () => refuse(), open: async () => refuse() });
    const source = await bench.open({ store: dead });
    await expectChunks(source, 0, 5);
    expect(bench.warnings.map(({ code, message }) => `${code} ${message}`)).toEqual([
      expect.stringMatching(/^storage-error .*going on without it: private window/),
    ]);
  });

  it('when it is read', async () => {
    await bench.prepare([0, 1, 2, 3, 4]);
    const get = async (): Promise<never> => {
      throw new Error('disk on fire');
    };
    await expectChunks(await bench.open({ store: bench.altered({ get }) }), 0, 5);
    expect(bench.warnings.map(({ code }) => code)).toEqual(['storage-error']);
  });

  it('slowly: holds the network back', async () => {
    let waiting = 0;
    let most = 0;
    const slow = bench.altered({
      async put(file, index, bytes) {
        most = Math.max(most, ++waiting);
        await new Promise((resolve) => setTimeout(resolve, 20));
        await bench.store.put(file, index, bytes);
        waiting -= 1;
      },
    });
    const source = await bench.open({ store: slow });
    await expectChunks(source, 0, 5);
    await source.close();
    expect(most).toBeLessThanOrEqual(2);
    expect(await bench.storedChunks()).toEqual([0, 1, 2, 3, 4]);
  });

  it('never ending a write: only as much comes as there is room for', async () => {
    const stuck = bench.altered({ put: () => new Promise<void>(() => undefined) });
    const budget = new ByteBudget(3 * CHUNK_BYTES, 0);
    const source = await openCached(bench.url, { store: stuck, retry, pool: new ChunkPool(budget) });
    await expectChunks(source, 0, 3);
    const fourth = source.read(3 * CHUNK_BYTES, 1, AbortSignal.timeout(100));
    await expect(fourth).rejects.toMatchObject({ code: 'aborted' });
    expect(bench.server.bytesSent).toBe(3 * CHUNK_BYTES);
    expect(budget.held).toBe(3 * CHUNK_BYTES);
  });

  it('within a small budget: all of it comes and is stored', async () => {
    const budget = new ByteBudget(2 * CHUNK_BYTES);
    const source = await bench.open({ pool: new ChunkPool(budget) });
    await expectChunks(source, 0, 5);
    await expectChunks(source, 0, 5);
    await source.close();
    expect([budget.held, budget.most]).toEqual([0, 2 * CHUNK_BYTES]);
    expect(await bench.storedChunks()).toEqual([0, 1, 2, 3, 4]);
    expect(bench.server.bytesSent).toBe(LENGTH);
  });
});
