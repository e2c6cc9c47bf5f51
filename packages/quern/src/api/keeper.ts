// What stands behind Models where the cache is at hand, in a worker and in Node: the store's calls on one store
// that is opened when it is first needed.

import type { CachedModel, StorageUsage } from '@quern/spec';
import { type ChunkStore, deleteModel, listModels } from '@quern/store';

export interface Keeper {
  list(): Promise<CachedModel[]>;
  usage(): Promise<StorageUsage | undefined>;
  delete(id: string): Promise<void>;
  close(): Promise<void>;
}

export interface KeeperOptions {
  /** Throws 'storage-error' where nothing can be kept. */
  openStore: () => Promise<ChunkStore>;
  usage: () => Promise<StorageUsage | undefined>;
}

export function createKeeper({ openStore, usage }: KeeperOptions): Keeper {
  let opened: Promise<ChunkStore> | undefined;
  const store = (): Promise<ChunkStore> => {
    const opening = (opened ??= openStore());
    // A refusal is not remembered: it may have been given for this once.
    opening.catch(() => (opened = undefined));
    return opening;
  };
  return {
    list: async () => listModels(await store()),
    usage,
    delete: async (id) => deleteModel(await store(), id),
    async close() {
      const closing = opened;
      opened = undefined;
      await closing?.then(
        (store) => store.close(),
        () => undefined,
      );
    },
  };
}
