// An IndexedDB that refuses, fails, fills up, is of another version, or goes away in the middle.
import * as fake from 'fake-indexeddb';
import { openDB } from 'idb';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CachedSource } from '../reading/cached-source.ts';
import { openCached } from '../reading/cached-source.ts';
import type { ChunkStore } from './chunk-store.ts';
import { CHUNK_BYTES, isComplete, storedBytes } from './chunk-store.ts';
import { openIndexedDbChunkStore, SCHEMA_VERSION } from './indexeddb-chunk-store.ts';
import { cacheBench, retry } from '../testing/cache-bench.ts';
import { patternBytes } from '../testing/pattern-bytes.ts';

const { forceCloseDatabase, IDBFactory, IDBObjectStore, IDBOpenDBRequest } = fake;
const bench = cacheBench();
const BYTES = patternBytes(CHUNK_BYTES + 999, 7);
const INFO = { key: 'k', name: 'k.gguf', byteLength: BYTES.length, validator: '"1"' };
const chunk = (index: number) => BYTES.slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);

let factory: InstanceType<typeof IDBFactory>;
/** What is open of the database, oldest first. */
let connections: IDBDatabase[];
beforeAll(() => {
  for (const [name, value] of Object.entries(fake)) {
    if (name.startsWith('IDB')) vi.stubGlobal(name, value);
  }
});
beforeEach(() => {
  factory = new IDBFactory();
  connections = [];
  const open = factory.open.bind(factory);
  factory.open = (name, version) => {
    const request = open(name, version);
    request.addEventListener('success', () => connections.push(request.result as unknown as IDBDatabase));
    return request;
  };
  vi.stubGlobal('indexedDB', factory);
});
afterAll(() => {
  vi.unstubAllGlobals();
});

const openStore = (patienceMs?: number): Promise<ChunkStore> =>
  openIndexedDbChunkStore({ databaseName: 'models', ...(patienceMs !== undefined && { patienceMs }) });

function load(store: ChunkStore): Promise<CachedSource> {
  const url = bench.server.serve('/small.gguf', BYTES);
  return openCached(url, { store, retry, onWarning: (warning) => bench.warnings.push(warning) });
}

async function readAll(source: CachedSource): Promise<void> {
  const bytes = await source.read(0, BYTES.length);
  expect(Buffer.compare(bytes, BYTES)).toBe(0);
  await source.complete();
  await source.close();
}

describe('writes', () => {
  const original = IDBObjectStore.prototype.put;
  const put = (store: unknown, value: unknown, key: IDBValidKey | undefined) =>
    original.call(store as InstanceType<typeof IDBObjectStore>, value, key as IDBValidKey);
  /** What becomes of a write that fails. */
  const KINDS = {
    'found no room': () => {
      throw new DOMException('no room', 'QuotaExceededError');
    },
    'found no room when they were committed': (store: IDBObjectStore, value, key) => {
      const request = put(store, value, key);
      // What fake-indexeddb itself calls; abort() would not say why.
      const abort = Reflect.get(store.transaction, '_abort') as (name: string) => void;
      abort.call(store.transaction, 'QuotaExceededError');
      return request;
    },
    failed: (store: IDBObjectStore, value, key) => {
      const request = put(store, value, key);
      store.transaction.abort();
      return request;
    },
  } satisfies Record<string, (store: IDBObjectStore, value: unknown, key?: IDBValidKey) => unknown>;

  /** The record and two chunks. */
  const WRITES = [1, 2, 3];
  const cases = Object.keys(KINDS).flatMap((kind) => WRITES.map((n) => [n, kind] as const));

  it.each(cases)('of which number %i and all after it %s: nothing stored is lost', async (n, kind) => {
    let writes = 0;
    IDBObjectStore.prototype.put = function failing(value: unknown, key?: IDBValidKey) {
      const fail = KINDS[kind as keyof typeof KINDS];
      return ++writes < n ? put(this, value, key) : (fail(this, value, key) as ReturnType<typeof put>);
    };
    const store = await openStore();
    try {
      await readAll(await load(store));
    } finally {
      IDBObjectStore.prototype.put = original;
    }
    const expected = kind === 'failed' ? 'storage-error' : 'storage-full';
    expect(bench.warnings.map(({ code }) => code)).toEqual([expected]);
    const [file] = await store.list();
    const kept = [...(file?.stored ?? [])];
    expect(kept).toHaveLength(Math.max(0, n - 2));
    for (const index of kept) {
      expect(Buffer.compare((await store.get(file!, index))!, chunk(index))).toBe(0);
    }
    bench.server.forget();
    await readAll(await load(store));
    expect(bench.server.bytesSent).toBe(file ? BYTES.length - storedBytes(file) : BYTES.length);
    bench.server.forget();
    await readAll(await load(store));
    expect(bench.server.bytesSent).toBe(0);
    await store.close();
  });
});

describe('a database', () => {
  it('that never opens is not waited for without end', async () => {
    factory.open = () => new IDBOpenDBRequest();
    await expect(openStore(20)).rejects.toMatchObject({
      code: 'storage-error',
      message: expect.stringMatching(/no answer for 0.02 s/),
    });
  });

  it('that opens too late is closed again: it is in nobody’s way', async () => {
    const waiting = await openDB('models', SCHEMA_VERSION - 1, {
      upgrade(database) {
        database.createObjectStore('files', { keyPath: 'key' });
        database.createObjectStore('chunks');
      },
    });
    await expect(openStore(20)).rejects.toMatchObject({ code: 'storage-error' });
    waiting.close();
    await vi.waitFor(() => expect(connections).toHaveLength(2));
    const next = await openDB('models', SCHEMA_VERSION + 1, {
      blocked: () => expect.fail('the late connection is still open'),
    });
    next.close();
  });

  it('of a newer version stays as it is, and says what to do', async () => {
    const store = await openStore();
    await store.put(await store.open(INFO), 0, chunk(0));
    // Another tab runs a newer page: this one lets go at once.
    const newer = await openDB('models', SCHEMA_VERSION + 1);
    await expect(store.list()).rejects.toMatchObject({
      code: 'storage-error',
      message: expect.stringMatching(/newer version of Quern .* reload the page/),
    });
    expect(await newer.count('chunks')).toBe(1);
    expect(await newer.count('files')).toBe(1);
    newer.close();
  });

  it('that a newer page takes over in the middle of a load: it streams on, and what came before stays', async () => {
    const store = await openStore();
    const source = await load(store);
    await source.read(0, 10);
    await source.flush();
    const newer = await openDB('models', SCHEMA_VERSION + 1);
    await readAll(source);
    expect(bench.warnings.map(({ message }) => message)).toEqual([expect.stringMatching(/newer version/)]);
    expect(await newer.count('chunks')).toBeGreaterThanOrEqual(1);
    newer.close();
  });

  it('that the browser closes in the middle of a load is opened again', async () => {
    const store = await openStore();
    const source = await load(store);
    for (let index = 0; index < 2; index++) {
      await source.read(index * CHUNK_BYTES, 10);
      await source.flush();
      forceCloseDatabase(connections.at(-1) as never);
    }
    await readAll(source);
    expect(bench.warnings).toEqual([]);
    expect(connections.length).toBeGreaterThan(1);
    const [file] = await store.list();
    expect(isComplete(file!)).toBe(true);
    await store.close();
  });

  it('with the record of a file whose tab died before its first chunk', async () => {
    await (await openStore()).open({ ...INFO, key: bench.server.serve('/small.gguf', BYTES) });
    const store = await openStore();
    expect((await store.list())[0]!.stored.size).toBe(0);
    await readAll(await load(store));
    expect(isComplete((await store.list())[0]!)).toBe(true);
  });

  it('in which chunks have other bytes, another digest or another length: each goes alone', async () => {
    const store = await openStore();
    const file = await store.open(INFO);
    const harm = [
      (row: Row) => ({ ...row, bytes: new Blob([patternBytes(CHUNK_BYTES, 8)]) }),
      (row: Row) => ({ ...row, digest: row.digest.map((byte) => byte ^ 1) }),
      (row: Row) => ({ ...row, bytes: new Blob([row.bytes, 'x']) }),
      () => 'nothing of ours',
    ];
    for (const change of harm) {
      for (const index of [0, 1]) await store.put(file, index, chunk(index));
      const database = await openDB('models', SCHEMA_VERSION);
      const row = (await database.get('chunks', [file.id, 0])) as Row;
      await database.put('chunks', change(row), [file.id, 0]);
      database.close();
      expect(await store.get(file, 0)).toBeUndefined();
      expect([...(await store.find(INFO.key))!.stored]).toEqual([1]);
    }
    await store.close();
  });
});

interface Row {
  digest: Uint8Array;
  bytes: Blob;
}
