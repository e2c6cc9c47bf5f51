import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { QuernError } from '@quern/spec';
import type { CachedOptions, CachedSource } from './cached-source.ts';
import { CHUNK_BYTES } from '../chunk-stores/chunk-store.ts';
import { BYTES, cacheBench, expectChunks, LENGTH, OTHER } from '../testing/cache-bench.ts';
import { FakeLocks } from '../testing/fake-locks.ts';

const bench = cacheBench();
const sha256 = createHash('sha256').update(BYTES).digest('hex');
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let locks: FakeLocks;
beforeEach(() => {
  locks = new FakeLocks();
});

const open = (options: Partial<CachedOptions> = {}): Promise<CachedSource> =>
  bench.open({ locks, pollMs: 5, ...options });

describe('two tabs that want the same file', () => {
  it('both get it, and it is fetched once', async () => {
    const [first, second] = await Promise.all([open({ sha256 }), open({ sha256 })]);
    expect(locks.held.length).toBe(1);
    await Promise.all([expectChunks(first, 0, 5), expectChunks(second, 0, 5)]);
    expect(bench.server.bytesSent).toBe(LENGTH);
    expect([first.bytesFetched, second.bytesFetched, second.origin]).toEqual([LENGTH, 0, 'cache']);
    await Promise.all([first.complete(), second.complete()]);
    expect((await bench.store.list()).map(({ verified }) => verified)).toEqual([true]);
    expect(locks.held).toEqual([]);
  });

  it('the second sees what comes, chunk by chunk', async () => {
    const first = await open();
    const second = await open();
    await expectChunks(first, 0, 1);
    await expectChunks(second, 0, 1);
    const third = second.read(2 * CHUNK_BYTES, 1);
    await expectChunks(first, 1, 3);
    await third;
    expect(second.cachedBytes).toBeGreaterThanOrEqual(2 * CHUNK_BYTES);
    expect(second.bytesFetched).toBe(0);
  });

  it.each([0, 1, 4])('the second goes on where the first ends after %i chunks', async (n) => {
    const first = await open();
    const second = await open();
    const whole = expectChunks(second, 0, 5);
    await expectChunks(first, 0, n);
    await first.close();
    const kept = await bench.storedChunks();
    bench.server.forget();
    await whole;
    await second.complete();
    const missing = [0, 1, 2, 3, 4].filter((index) => !kept.includes(index));
    const bytes = missing.reduce((sum, index) => sum + (index === 4 ? 999 : CHUNK_BYTES), 0);
    expect(bench.server.bytesSent).toBe(bytes);
    expect(await bench.storedChunks()).toEqual([0, 1, 2, 3, 4]);
    expect(locks.held).toEqual([]);
  });

  it('the second is not held up by a store that fails the first', async () => {
    const full = bench.altered({
      put: async () => {
        throw new QuernError('storage-full', 'no room');
      },
    });
    const first = await open({ store: full });
    const second = await open({ store: full });
    await Promise.all([expectChunks(first, 0, 5), expectChunks(second, 0, 5)]);
    expect(bench.warnings.map(({ code }) => code)).toEqual(['storage-full', 'storage-full']);
  });

  it('the second is not held up by a store that it cannot read', async () => {
    await open();
    const refuse = async (): Promise<never> => {
      throw new DOMException('refused', 'InvalidStateError');
    };
    const second = await open({ store: bench.altered({ find: refuse, open: refuse }) });
    await expectChunks(second, 0, 5);
  });

  it('the second fetches for itself when nothing comes for long', async () => {
    await open();
    const second = await open({ patienceMs: 30 });
    await expectChunks(second, 0, 5);
    await second.complete();
    expect(await bench.storedChunks()).toEqual([0, 1, 2, 3, 4]);
  });

  it('the second waits for the end of a file without a version, and then needs no network', async () => {
    bench.server.faults = { noValidator: true };
    const first = await open();
    const opening = open();
    await expectChunks(first, 0, 5);
    await first.complete();
    const { bytesSent } = bench.server;
    await expectChunks(await opening, 0, 5);
    expect(bench.server.bytesSent).toBe(bytesSent);
  });

  it('both refuse a file that is another than the hub lists', async () => {
    bench.server.serve('/model.gguf', OTHER);
    const [first, second] = await Promise.all([open({ sha256 }), open({ sha256 })]);
    await Promise.all([expectChunks(first, 0, 5, OTHER), expectChunks(second, 0, 5, OTHER)]);
    const both = await Promise.allSettled([first.complete(), second.complete()]);
    // Whichever has its hash first tells the other.
    const reasons = both.map((settled) => settled.status === 'rejected' && settled.reason);
    expect(reasons).toContainEqual(expect.objectContaining({ code: 'corrupt-file' }));
    const message = expect.stringMatching(/dropped from the cache/);
    expect(reasons).toContainEqual(expect.objectContaining({ code: 'storage-error', message }));
    expect(await bench.store.list()).toEqual([]);
  });

  it('the second ends by its signal while it waits', async () => {
    await open();
    const controller = new AbortController();
    const second = await open({ signal: controller.signal });
    const read = second.read(3 * CHUNK_BYTES, 1);
    setTimeout(() => controller.abort(), 20);
    await expect(read).rejects.toMatchObject({ code: 'aborted' });
    await expect(open({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
  });

  it('the second replaces a damaged chunk alone', async () => {
    await open();
    await bench.prepare([1]);
    const second = await open({ store: bench.altered({ get: async () => undefined }) });
    await wait(20);
    bench.server.forget();
    const bytes = await second.read(CHUNK_BYTES, CHUNK_BYTES);
    expect(Buffer.compare(bytes, BYTES.subarray(CHUNK_BYTES, 2 * CHUNK_BYTES))).toBe(0);
    expect(bench.server.requests.map(({ range }) => range)).toEqual([
      `bytes=${CHUNK_BYTES}-${2 * CHUNK_BYTES - 1}`,
    ]);
  });

  it('a file that is there whole takes no lock', async () => {
    await bench.prepare([0, 1, 2, 3, 4]);
    await expectChunks(await open(), 0, 5);
    expect(locks.held).toEqual([]);
  });

  it('go on without locks where the browser refuses them', async () => {
    const refusing = {
      request: async () => {
        throw new DOMException('opaque origin', 'SecurityError');
      },
    };
    await expectChunks(await bench.open({ locks: refusing }), 0, 5);
  });
});
