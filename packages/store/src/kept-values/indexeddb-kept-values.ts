// Kept values in browsers: a database of their own, as older pages refuse that of the models once its version is raised.

import type { DBSchema, IDBPDatabase } from 'idb';
import { openDatabase, PATIENCE_MS } from '../chunk-stores/open-database.ts';
import { guardStorage } from '../chunk-stores/storage-error.ts';
import { type KeptValues, MOST_KEPT } from './kept-values.ts';

interface Schema extends DBSchema {
  values: { key: string; value: unknown };
}

/** It is opened anew each time, which is once or twice a visit: open, it would be in the way of clearing the site. */
export function indexedDbKeptValues(databaseName = 'quern-values'): KeptValues {
  const use = <T>(what: string, work: (database: IDBPDatabase<Schema>) => Promise<T>): Promise<T> =>
    guardStorage(what, async () => {
      const callbacks = {
        upgrade: (database: IDBPDatabase<Schema>) => void database.createObjectStore('values'),
      };
      const database = await openDatabase<Schema>(databaseName, 1, callbacks, PATIENCE_MS);
      try {
        return await work(database);
      } finally {
        database.close();
      }
    });
  return {
    get: (key) => use('reading what was kept', (database) => database.get('values', key)),
    put: (key, value) =>
      use('keeping a value', async (database) => {
        const transaction = database.transaction('values', 'readwrite');
        // It rejects with the same as what is awaited before it.
        transaction.done.catch(() => undefined);
        const there = await transaction.store.getKey(key);
        if (there === undefined && (await transaction.store.count()) >= MOST_KEPT)
          await transaction.store.clear();
        await transaction.store.put(value, key);
        await transaction.done;
      }),
  };
}
