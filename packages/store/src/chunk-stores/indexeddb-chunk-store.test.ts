import * as fake from 'fake-indexeddb';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openDB } from 'idb';
import { chunkStoreSuite } from './chunk-store.suite.ts';
import { CHUNK_BYTES } from './chunk-store.ts';
import { sha256 } from './digest.ts';
import { openIndexedDbChunkStore, SCHEMA_VERSION } from './indexeddb-chunk-store.ts';

// idb recognises requests by the global classes.
beforeAll(() => {
  for (const [name, value] of Object.entries(fake)) {
    if (name.startsWith('IDB')) vi.stubGlobal(name, value);
  }
});

afterAll(() => {
  vi.unstubAllGlobals();
});

const { IDBFactory, IDBObjectStore } = fake;
let places = 0;

chunkStoreSuite('indexeddb', async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  const databaseName = `place-${places++}`;
  const original = IDBObjectStore.prototype.put;
  let left = Infinity;
  IDBObjectStore.prototype.put = function put(
    this: InstanceType<typeof IDBObjectStore>,
    value: unknown,
    key?: IDBValidKey,
  ) {
    if (this.name === 'chunks' && --left <= 0) throw new DOMException('no room', 'QuotaExceededError');
    return original.call(this, value, key as IDBValidKey);
  };
  return {
    open: () => openIndexedDbChunkStore({ databaseName }),
    async damage(store, key, index) {
      const file = await store.find(key);
      const database = await openDB(databaseName, SCHEMA_VERSION);
      const row = await database.get('chunks', [file?.id ?? '', index]);
      const bytes = new Uint8Array(await row.bytes.arrayBuffer());
      bytes[5]! ^= 1;
      await database.put('chunks', { ...row, bytes: new Blob([bytes]) }, [file?.id ?? '', index]);
      database.close();
    },
    fillUpAt(n) {
      left = n;
    },
    async dispose() {
      IDBObjectStore.prototype.put = original;
    },
  };
});

it('says so where IndexedDB is refused', async () => {
  vi.stubGlobal('indexedDB', {
    open() {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    },
  });
  await expect(openIndexedDbChunkStore()).rejects.toMatchObject({
    code: 'storage-error',
    message: expect.stringContaining('insecure'),
  });
});

it('opens again after another tab asked it to let go', async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  const store = await openIndexedDbChunkStore({ databaseName: 'shared' });
  await store.open({ key: 'k', name: 'k', byteLength: 1, validator: undefined });
  await new Promise<void>((resolve, reject) => {
    const deletion = indexedDB.deleteDatabase('shared');
    deletion.addEventListener('success', () => resolve());
    deletion.addEventListener('error', () => reject(new Error('not deleted')));
  });
  expect(await store.list()).toEqual([]);
  await store.close();
});

it('keeps what version 1 stored', async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  const bytes = Uint8Array.of(1, 2, 3);
  const old = await openDB('old', 1, {
    upgrade(database) {
      database.createObjectStore('files', { keyPath: 'key' });
      database.createObjectStore('chunks');
    },
  });
  const id = crypto.randomUUID();
  await old.put('files', {
    key: 'k',
    id,
    name: 'k.gguf',
    byteLength: 3,
    chunkBytes: CHUNK_BYTES,
    marks: [],
    lastUsed: 5,
  });
  await old.put('chunks', { digest: await sha256(bytes), bytes }, [id, 0]);
  old.close();
  const store = await openIndexedDbChunkStore({ databaseName: 'old' });
  const file = (await store.find('k'))!;
  expect(await store.get(file, 0)).toEqual(bytes);
  await store.close();
});

it('stores plain bytes where Blobs are refused', async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  const original = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function put(value: unknown, key?: IDBValidKey) {
    if ((value as { bytes?: unknown }).bytes instanceof Blob) {
      throw new DOMException('Error preparing Blob/File data to be stored in object store', 'UnknownError');
    }
    return original.call(this, value, key as IDBValidKey);
  };
  try {
    const store = await openIndexedDbChunkStore({ databaseName: 'private' });
    const file = await store.open({ key: 'k', name: 'k', byteLength: 3, validator: undefined });
    // A part of a larger buffer: only the part is stored.
    await store.put(file, 0, Uint8Array.of(9, 1, 2, 3).subarray(1));
    expect(await store.get(file, 0)).toEqual(Uint8Array.of(1, 2, 3));
    await store.close();
  } finally {
    IDBObjectStore.prototype.put = original;
  }
});
