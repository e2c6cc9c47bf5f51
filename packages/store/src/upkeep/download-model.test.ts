import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress } from '@quern/spec';
import { QuernError } from '@quern/spec';
import { ByteBudget } from '../reading/byte-budget.ts';
import type { ChunkStore } from '../chunk-stores/chunk-store.ts';
import { CHUNK_BYTES, isComplete, storedBytes } from '../chunk-stores/chunk-store.ts';
import { openDirectoryChunkStore } from '../chunk-stores/directory-chunk-store.ts';
import type { DownloadModelOptions } from './download-model.ts';
import { downloadModel } from './download-model.ts';
import { openModel } from '../models/open-model.ts';
import { alteredStore } from '../testing/altered-store.ts';
import { FakeLocks } from '../testing/fake-locks.ts';
import { MisbehavingServer } from '../testing/misbehaving-server.ts';
import { patternBytes } from '../testing/pattern-bytes.ts';

const PART1 = patternBytes(4 * CHUNK_BYTES + 999, 1);
const PART2 = patternBytes(CHUNK_BYTES + 5, 2);
const TOTAL = PART1.length + PART2.length;
const NAMES = ['x-Q4_0-00001-of-00002.gguf', 'x-Q4_0-00002-of-00002.gguf'];

let server: MisbehavingServer;
let root: string;
let store: ChunkStore;
beforeAll(async () => {
  server = await MisbehavingServer.start();
  const [first, second] = NAMES;
  server.serve(`/hf/a/b/resolve/main/${first}`, PART1);
  server.serve(`/hf/a/b/resolve/main/${second}`, PART2);
  const json = JSON.stringify(NAMES.map((path) => ({ type: 'file', path, size: 1 })));
  server.serve('/hf/api/models/a/b/tree/main', new TextEncoder().encode(json));
});
afterAll(() => server.stop());
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'quern-download-'));
  store = await openDirectoryChunkStore(root);
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
  server.faults = {};
  server.forget();
});

function download(options: Partial<DownloadModelOptions> = {}): Promise<string[]> {
  const retry = { tries: 2, baseMs: 5, capMs: 10 };
  return downloadModel('a/b', { store, open: openModel, hubUrl: `${server.origin}/hf`, retry, ...options });
}

/** Bytes of files, without the listing. */
function fileBytesSent(): number {
  const files = server.requests.filter(({ path }) => path.includes('/resolve/'));
  return files.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
}

async function storedInAll(): Promise<number> {
  return (await store.list()).reduce((sum, file) => sum + storedBytes(file), 0);
}

describe('a download', () => {
  it('stores every file of a model within the budget, says how far it is, and needs no network again', async () => {
    const budget = new ByteBudget(3 * CHUNK_BYTES);
    const events: Progress[] = [];
    const keys = await download({ budget, onProgress: (event) => void events.push(event) });
    expect(keys).toEqual(NAMES.map((name) => `hub:a/b@main/${name}`));
    expect((await store.list()).every(isComplete)).toBe(true);
    expect(fileBytesSent()).toBe(TOTAL);
    expect([budget.held, budget.most]).toEqual([0, 3 * CHUNK_BYTES]);
    expect(events.at(-1)).toMatchObject({
      phase: 'download',
      loaded: TOTAL,
      total: TOTAL,
      file: NAMES[1],
      fileLoaded: PART2.length,
      from: 'network',
    });
    const order = events.map(({ loaded }) => loaded);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    server.forget();

    const again: Progress[] = [];
    expect(await download({ onProgress: (event) => void again.push(event) })).toEqual(keys);
    expect(again.at(-1)).toMatchObject({ loaded: TOTAL, from: 'cache' });
    const sources = await openModel('a/b', { store, hubUrl: `${server.origin}/hf` });
    expect(Buffer.compare(await sources[0]!.read(0, PART1.length), PART1)).toBe(0);
    expect(Buffer.compare(await sources[1]!.read(0, PART2.length), PART2)).toBe(0);
    await Promise.all(sources.map((source) => source.close()));
    expect(server.requests).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5, 6])('paused after %i chunks goes on with what is missing alone', async (n) => {
    const pause = new AbortController();
    let puts = 0;
    const counting = alteredStore(store, {
      async put(file, index, bytes) {
        await store.put(file, index, bytes);
        if (++puts === n) pause.abort();
      },
    });
    await expect(download({ store: counting, signal: pause.signal })).rejects.toMatchObject({
      code: 'aborted',
    });
    const kept = await storedInAll();
    expect(kept).toBeGreaterThanOrEqual(Math.min(n, 4) * CHUNK_BYTES);
    server.forget();
    await download();
    expect(fileBytesSent()).toBe(TOTAL - kept);
    expect((await store.list()).every(isComplete)).toBe(true);
  });

  it.each([1, 2, 3, 4, 5, 6, 7])('whose write %i finds no room ends, and keeps the rest', async (n) => {
    let puts = 0;
    let written = 0;
    const full = alteredStore(store, {
      async put(file, index, bytes) {
        if (++puts >= n) throw new DOMException('no room', 'QuotaExceededError');
        await store.put(file, index, bytes);
        written += bytes.length;
      },
    });
    await expect(download({ store: full })).rejects.toMatchObject({
      code: 'storage-full',
      message: expect.stringMatching(/storing x-Q4_0-0000.*the storage is full/),
    });
    const kept = await storedInAll();
    expect(kept).toBe(written);
    server.forget();
    await download();
    expect(fileBytesSent()).toBe(TOTAL - kept);
  });

  it('into a store that cannot be used says so', async () => {
    const broken = alteredStore(store, {
      open: async () => {
        throw new QuernError('storage-error', 'private window');
      },
    });
    await expect(download({ store: broken })).rejects.toMatchObject({ code: 'storage-error' });
  });

  it('of files on this device is refused', async () => {
    await expect(downloadModel(new Blob([PART2]), { store, open: openModel })).rejects.toMatchObject({
      code: 'invalid-request',
      message: expect.stringMatching(/on this device already/),
    });
  });

  it('ends with what the network says', async () => {
    server.faults = { alwaysStatus: 503 };
    await expect(download()).rejects.toMatchObject({ code: 'network' });
    await expect(download({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('two downloads of one model', () => {
  it('fetch it once, and both say how far it is', async () => {
    const locks = new FakeLocks();
    const latest: Progress[] = [];
    const both = [0, 1].map((i) => download({ locks, onProgress: (event) => void (latest[i] = event) }));
    await Promise.all(both);
    expect(fileBytesSent()).toBe(TOTAL);
    expect(latest.map(({ loaded }) => loaded)).toEqual([TOTAL, TOTAL]);
    expect(locks.held).toEqual([]);
  });
});
