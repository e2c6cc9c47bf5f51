import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ByteSource } from '@quern/spec';
import { QuernError } from '@quern/spec';
import { ByteBudget } from './byte-budget.ts';
import type { CachedOptions, CachedSource } from './cached-source.ts';
import { openCached } from './cached-source.ts';
import { ChunkPool } from './chunk-pool.ts';
import type { ChunkStore } from './chunk-store.ts';
import { CHUNK_BYTES, isComplete } from './chunk-store.ts';
import { openDirectoryChunkStore } from './directory-chunk-store.ts';
import { alteredStore } from './testing/altered-store.ts';
import { MisbehavingServer } from './testing/misbehaving-server.ts';
import { patternBytes } from './testing/pattern-bytes.ts';

const LENGTH = 4 * CHUNK_BYTES + 999;
const BYTES = patternBytes(LENGTH);
const OTHER = patternBytes(LENGTH, 2);
const retry = { tries: 2, baseMs: 5, capMs: 10 };

let server: MisbehavingServer;
let url: string;
let root: string;
let store: ChunkStore;
let warnings: QuernError[];
const opened: ByteSource[] = [];

beforeAll(async () => {
  server = await MisbehavingServer.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  url = `${server.serve('/model.gguf', BYTES)}?X-Amz-Signature=${Math.random()}`;
  root = await mkdtemp(join(tmpdir(), 'quern-cached-'));
  store = await openDirectoryChunkStore(root);
  warnings = [];
});
afterEach(async () => {
  for (const source of opened.splice(0)) await source.close();
  await rm(root, { recursive: true, force: true });
  server.faults = {};
  server.forget();
});

async function open(options: Partial<CachedOptions> = {}): Promise<CachedSource> {
  const onWarning = (warning: QuernError): void => void warnings.push(warning);
  const source = await openCached(url, { store, retry, onWarning, ...options });
  opened.push(source);
  return source;
}

async function expectChunks(source: ByteSource, from: number, to: number, of = BYTES): Promise<void> {
  for (let at = from * CHUNK_BYTES; at < Math.min(to * CHUNK_BYTES, LENGTH); at += CHUNK_BYTES) {
    const length = Math.min(CHUNK_BYTES, LENGTH - at);
    const bytes = await source.read(at, length);
    expect(Buffer.compare(bytes, of.subarray(at, at + length))).toBe(0);
  }
}

async function storedChunks(): Promise<number[]> {
  const [file] = await store.list();
  return [...(file?.stored ?? [])].sort();
}

/** Where the directory store has the chunks of the one file. */
async function chunkFolder(): Promise<string> {
  const [file] = await store.list();
  return join(root, (await readdir(root))[0] ?? '', file?.id ?? '');
}

/** Puts chunks there as an earlier visit would have. */
async function prepare(indices: number[], validator: string | null = '"1"'): Promise<void> {
  const file = await store.open({
    key: `${server.origin}/model.gguf`,
    name: 'model.gguf',
    byteLength: LENGTH,
    validator: validator ?? undefined,
  });
  for (const i of indices) await store.put(file, i, BYTES.slice(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES));
}

const altered = (methods: Partial<ChunkStore>): ChunkStore => alteredStore(store, methods);

describe('the cache', () => {
  it('is filled by the first visit; the second makes no request', async () => {
    const first = await open();
    await expectChunks(first, 0, 5);
    expect(first.origin).toBe('network');
    await first.close();
    expect(server.bytesSent).toBe(LENGTH);
    server.forget();

    url = `${server.origin}/model.gguf?X-Amz-Signature=another`;
    const second = await open();
    expect(second).toMatchObject({ byteLength: LENGTH, name: 'model.gguf' });
    await expectChunks(second, 0, 5);
    expect(second).toMatchObject({ origin: 'cache', bytesFetched: 0 });
    expect(server.requests).toEqual([]);
  });

  it('tells how much of a file needs no network', async () => {
    await prepare([0, 4]);
    const source = await open();
    expect(source.cachedBytes).toBe(CHUNK_BYTES + 999);
    await expectChunks(source, 0, 2);
    await source.flush();
    expect(source.cachedBytes).toBeGreaterThanOrEqual(2 * CHUNK_BYTES + 999);
  });

  it('asks only for what is missing', async () => {
    await prepare([0, 1, 3]);
    const source = await open();
    await expectChunks(source, 0, 5);
    expect(server.requests.map(({ range }) => range)).toEqual([
      `bytes=${2 * CHUNK_BYTES}-${3 * CHUNK_BYTES - 1}`,
      `bytes=${4 * CHUNK_BYTES}-${LENGTH - 1}`,
    ]);
    expect(server.bytesSent).toBe(CHUNK_BYTES + 999);
    await source.flush();
    expect(await storedChunks()).toEqual([0, 1, 2, 3, 4]);
  });

  it('goes on from where a load was cut off', async () => {
    server.faults = { alwaysDieAtByte: 2 * CHUNK_BYTES + 5 };
    const first = await open();
    await expectChunks(first, 0, 2);
    await expect(first.read(2 * CHUNK_BYTES, 100)).rejects.toMatchObject({ code: 'network' });
    await first.close();
    const kept = await storedChunks();
    expect(kept.slice(0, 2)).toEqual([0, 1]);
    server.faults = {};
    server.forget();

    await expectChunks(await open(), 0, 5);
    const missing = [0, 1, 2, 3, 4].filter((index) => !kept.includes(index));
    expect(server.bytesSent).toBe(missing.reduce((sum, index) => sum + (index === 4 ? 999 : CHUNK_BYTES), 0));
  });

  it('starts afresh when the file is another by now', async () => {
    await prepare([0, 1]);
    server.serve('/model.gguf', OTHER, '"2"');
    const source = await open();
    await expectChunks(source, 0, 5, OTHER);
    await source.flush();
    expect((await store.list()).map((file) => [file.validator, isComplete(file)])).toEqual([['"2"', true]]);
    expect(server.bytesSent).toBe(LENGTH);
  });

  it('starts afresh when the file is shorter by now', async () => {
    await prepare([0, 1, 2]);
    server.serve('/model.gguf', OTHER.subarray(0, 1000), '"2"');
    const source = await open();
    expect(source.byteLength).toBe(1000);
    expect(Buffer.compare(await source.read(0, 1000), OTHER.subarray(0, 1000))).toBe(0);
  });

  it('does not trust a part of a file that has no version', async () => {
    server.faults = { noValidator: true };
    await prepare([0, 1], null);
    server.serve('/model.gguf', OTHER);
    await expectChunks(await open(), 0, 5, OTHER);
  });

  it('keeps what is there when the file changes midway', async () => {
    const source = await open();
    await expectChunks(source, 0, 1);
    server.serve('/model.gguf', OTHER, '"2"');
    await expect(source.read(2 * CHUNK_BYTES, 10)).rejects.toMatchObject({ code: 'network' });
    await source.close();
    expect(await storedChunks()).toContain(0);
  });

  it('works with a server without ranges, and resumes there too', async () => {
    server.faults = { noRange: true };
    await prepare([0, 1]);
    const source = await open();
    await expectChunks(source, 0, 5);
    expect(server.requests.length).toBe(1);
    await source.close();
    server.forget();
    await expectChunks(await open(), 0, 5);
    expect(server.requests).toEqual([]);
  });

  it('reads chunks again from the store once they left memory', async () => {
    const source = await open();
    await expectChunks(source, 0, 5);
    await expectChunks(source, 0, 5);
    expect(server.bytesSent).toBe(LENGTH);
  });

  it('trusts a known SHA-256 where the server tells no version', async () => {
    server.faults = { noValidator: true };
    const first = await open({ sha256: 'aa' });
    await expectChunks(first, 0, 1);
    await first.close();
    const kept = await storedChunks();
    expect(kept).toContain(0);
    server.forget();
    await expectChunks(await open({ sha256: 'aa' }), 0, 5);
    expect(server.bytesSent).toBeLessThanOrEqual(LENGTH - kept.length * CHUNK_BYTES);
  });

  it('does not take a whole file for one with another SHA-256', async () => {
    const first = await open({ sha256: 'aa' });
    await expectChunks(first, 0, 5);
    await first.close();
    server.serve('/model.gguf', OTHER, '"2"');
    await expectChunks(await open({ sha256: 'bb' }), 0, 5, OTHER);
  });

  it('uses the key that it is given', async () => {
    await (await open({ key: 'hub:a/b@main/model.gguf', name: 'b' })).flush();
    expect(await store.find('hub:a/b@main/model.gguf')).toMatchObject({ name: 'b' });
  });
});

describe('a damaged chunk', () => {
  const damaged = (index: number): ChunkStore => {
    let hit = false;
    return altered({
      async get(file, i) {
        if (i !== index || hit) return store.get(file, i);
        hit = true;
        return undefined;
      },
    });
  };

  it('is fetched again alone', async () => {
    await prepare([0, 1, 2, 3, 4]);
    const source = await open({ store: damaged(2) });
    await expectChunks(source, 0, 5);
    expect(server.requests.map(({ range }) => range)).toEqual([
      `bytes=${2 * CHUNK_BYTES}-${3 * CHUNK_BYTES - 1}`,
    ]);
    expect(warnings).toEqual([]);
  });

  it('is not replaced from another version of the file', async () => {
    await prepare([0, 1, 2, 3, 4]);
    server.serve('/model.gguf', OTHER, '"2"');
    const source = await open({ store: damaged(2) });
    await expectChunks(source, 0, 2);
    await expect(source.read(2 * CHUNK_BYTES, 1)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/chunk 2 .* damaged/),
    });
    await source.close();
    await expectChunks(await open(), 0, 5, OTHER);
  });
});

describe('the whole file', () => {
  const sha256 = createHash('sha256').update(BYTES).digest('hex');
  const verified = async (): Promise<boolean[]> => (await store.list()).map((file) => file.verified);

  it('is kept, though no reader asked for some of it, and is verified', async () => {
    const source = await open({ sha256 });
    await expectChunks(source, 0, 1);
    await expectChunks(source, 3, 4);
    await source.complete();
    expect([await storedChunks(), await verified()]).toEqual([[0, 1, 2, 3, 4], [true]]);
    expect(server.bytesSent).toBe(LENGTH);
  });

  it('that is verified is not hashed again', async () => {
    await (await open({ sha256 })).complete();
    server.forget();
    let gets = 0;
    const counting = altered({
      get(file, index) {
        gets += 1;
        return store.get(file, index);
      },
    });
    const source = await open({ sha256, store: counting });
    await expectChunks(source, 0, 5);
    await source.complete();
    await source.close();
    expect([gets, server.requests.length]).toEqual([5, 0]);
  });

  it('is verified when it comes in two visits, within a small budget', async () => {
    const first = await open({ sha256 });
    await expectChunks(first, 0, 1);
    await first.close();
    expect([await verified(), await storedChunks()]).toEqual([[false], [0]]);
    const pool = new ChunkPool(new ByteBudget(CHUNK_BYTES));
    const second = await open({ sha256, pool });
    await expectChunks(second, 1, 5);
    await second.complete();
    await second.close();
    expect([await verified(), pool.budget.held]).toEqual([[true], 0]);
    expect(server.bytesSent).toBe(LENGTH);
  });

  it('is dropped and refused when it is another than the hub lists', async () => {
    server.serve('/model.gguf', OTHER);
    const source = await open({ sha256 });
    await expectChunks(source, 0, 5, OTHER);
    const actual = createHash('sha256').update(OTHER).digest('hex');
    await expect(source.complete()).rejects.toMatchObject({
      code: 'corrupt-file',
      message: expect.stringMatching(`SHA-256 is ${actual}, ${sha256} was expected`),
    });
    await source.close();
    expect(await store.list()).toEqual([]);
    server.serve('/model.gguf', BYTES);
    await (await open({ sha256 })).complete();
    expect(await verified()).toEqual([true]);
  });

  it('is verified anew after a damaged chunk was fetched again', async () => {
    await (await open({ sha256 })).complete();
    const [file] = await store.list();
    // As the store itself does when it finds one damaged.
    await rm(join(await chunkFolder(), '2.chunk'));
    await writeFile(join(await chunkFolder(), '2.chunk'), new Uint8Array(10));
    expect(file && (await store.get(file, 2))).toBeUndefined();
    expect(await verified()).toEqual([false]);
    server.forget();
    await (await open({ sha256 })).complete();
    expect([await verified(), server.bytesSent]).toEqual([[true], CHUNK_BYTES]);
  });

  it('is not fetched for a store that fails', async () => {
    const full = altered({
      put: async () => {
        throw new QuernError('storage-full', 'no room');
      },
    });
    const source = await open({ sha256, store: full });
    await expectChunks(source, 0, 1);
    await source.flush();
    const before = server.requests.length;
    await source.complete();
    expect(server.requests.length).toBe(before);
  });
});

describe('a store that fails', () => {
  it.each([1, 2, 3, 4, 5])('at write %i: streams on, says so once, loses nothing', async (n) => {
    let puts = 0;
    const full = altered({
      async put(file, index, bytes) {
        if (++puts >= n) throw new QuernError('storage-full', 'no room');
        await store.put(file, index, bytes);
      },
    });
    const source = await open({ store: full });
    await expectChunks(source, 0, 5);
    await source.close();
    expect(warnings.map((warning) => warning.code)).toEqual(['storage-full']);
    expect((await storedChunks()).length).toBe(n - 1);
    server.forget();
    await expectChunks(await open(), 0, 5);
    const kept = n - 1;
    expect(server.bytesSent).toBeLessThanOrEqual(LENGTH - Math.max(0, kept - 1) * CHUNK_BYTES);
  });

  it('when it is opened', async () => {
    const refuse = (): never => {
      throw new DOMException('private window', 'InvalidStateError');
    };
    const dead = altered({ find: async () => refuse(), open: async () => refuse() });
    const source = await open({ store: dead });
    await expectChunks(source, 0, 5);
    expect(warnings.map(({ code, message }) => `${code} ${message}`)).toEqual([
      expect.stringMatching(/^storage-error .*going on without it: private window/),
    ]);
  });

  it('when it is read', async () => {
    await prepare([0, 1, 2, 3, 4]);
    const get = async (): Promise<never> => {
      throw new Error('disk on fire');
    };
    await expectChunks(await open({ store: altered({ get }) }), 0, 5);
    expect(warnings.map(({ code }) => code)).toEqual(['storage-error']);
  });

  it('slowly: holds the network back', async () => {
    let waiting = 0;
    let most = 0;
    const slow = altered({
      async put(file, index, bytes) {
        most = Math.max(most, ++waiting);
        await new Promise((resolve) => setTimeout(resolve, 20));
        await store.put(file, index, bytes);
        waiting -= 1;
      },
    });
    const source = await open({ store: slow });
    await expectChunks(source, 0, 5);
    await source.close();
    expect(most).toBeLessThanOrEqual(2);
    expect(await storedChunks()).toEqual([0, 1, 2, 3, 4]);
  });

  it('never ending a write: only as much comes as there is room for', async () => {
    const stuck = altered({ put: () => new Promise<void>(() => undefined) });
    const budget = new ByteBudget(3 * CHUNK_BYTES, 0);
    const source = await openCached(url, { store: stuck, retry, pool: new ChunkPool(budget) });
    await expectChunks(source, 0, 3);
    const fourth = source.read(3 * CHUNK_BYTES, 1, AbortSignal.timeout(100));
    await expect(fourth).rejects.toMatchObject({ code: 'aborted' });
    expect(server.bytesSent).toBe(3 * CHUNK_BYTES);
    expect(budget.held).toBe(3 * CHUNK_BYTES);
  });

  it('within a small budget: all of it comes and is stored', async () => {
    const budget = new ByteBudget(2 * CHUNK_BYTES);
    const source = await open({ pool: new ChunkPool(budget) });
    await expectChunks(source, 0, 5);
    await expectChunks(source, 0, 5);
    await source.close();
    expect([budget.held, budget.most]).toEqual([0, 2 * CHUNK_BYTES]);
    expect(await storedChunks()).toEqual([0, 1, 2, 3, 4]);
    expect(server.bytesSent).toBe(LENGTH);
  });
});

describe('errors', () => {
  it.each([
    [{ alwaysStatus: 404 }, 'not-found'],
    [{ alwaysStatus: 503 }, 'network'],
  ])('%o of the server pass through and lose nothing', async (faults, code) => {
    await prepare([0, 1]);
    server.faults = faults;
    await expect(open()).rejects.toMatchObject({ code });
    expect(await storedChunks()).toEqual([0, 1]);
    server.faults = {};
    await expectChunks(await open(), 0, 5);
  });

  it('aborted by the signal, also when all is cached', async () => {
    await prepare([0, 1, 2, 3, 4]);
    const controller = new AbortController();
    const source = await open({ signal: controller.signal });
    await expectChunks(source, 0, 1);
    controller.abort();
    await expect(source.read(3 * CHUNK_BYTES, 1)).rejects.toMatchObject({ code: 'aborted' });
    await expect(open({ signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' });
  });
});
