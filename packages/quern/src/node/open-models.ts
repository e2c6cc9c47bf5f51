// Models in Node: the cache is a folder, and nothing stands between.

import { directoryUsage, openDirectoryChunkStore } from '@quern/store/node';
import { createKeeper } from '../api/keeper.ts';
import type { Models } from '../api/models.ts';
import { chunkFolder } from './cache-folder.ts';

/** What can be done with models besides running them, in the cache under QUERN_CACHE (~/.cache/quern). */
export function openModels(): Models {
  const openStore = () => openDirectoryChunkStore(chunkFolder());
  const usage = async () => {
    await (await openStore()).close(); // it makes the folder
    return directoryUsage(chunkFolder());
  };
  const keeper = createKeeper({ openStore, usage });
  return {
    ...keeper,
    // Nothing but its user deletes from a folder.
    persist: async () => true,
  };
}
