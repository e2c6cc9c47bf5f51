import * as fake from 'fake-indexeddb';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openDB } from 'idb';
import { chunkStoreSuite } from './chunk-store.suite.ts';
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
      row.bytes[5] ^= 1;
      await database.put('chunks', row, [file?.id ?? '', index]);
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
