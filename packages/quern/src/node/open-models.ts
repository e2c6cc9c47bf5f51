// Models in Node: the cache is a folder, and nothing stands between.

import { directoryUsage, openDirectoryChunkStore, openModel } from '@quern/store/node';
import { createKeeper, type Keeper } from '../api/keeper.ts';
import type { Models } from '../api/models.ts';
import { chunkFolder } from './cache-folder.ts';

/** The keeper of this process's cache. */
export function openKeeper(): Keeper {
  const openStore = () => openDirectoryChunkStore(chunkFolder());
  const usage = async () => {
    await (await openStore()).close(); // it makes the folder
    return directoryUsage(chunkFolder());
  };
  return createKeeper({ openStore, openModel, usage });
}

/** What can be done with models besides running them, in the cache under QUERN_CACHE (~/.cache/quern). */
export function openModels(): Models {
  const { list, usage, delete: remove, close } = openKeeper();
  return {
    list,
    usage,
    delete: remove,
    close,
    // Nothing but its user deletes from a folder.
    persist: async () => true,
  };
}
