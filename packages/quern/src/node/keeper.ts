// The keeper of this process's cache: a folder.

import { totalmem } from 'node:os';
import { directoryUsage, openDirectoryChunkStore, openModel } from '@quern/store/node';
import { createKeeper, type Keeper } from '../api/keeper.ts';
import { chunkFolder } from './cache-folder.ts';

export function openKeeper(): Keeper {
  const openStore = () => openDirectoryChunkStore(chunkFolder());
  const usage = async () => {
    await (await openStore()).close(); // it makes the folder
    return directoryUsage(chunkFolder());
  };
  return createKeeper({ openStore, openModel, usage, memory: totalmem() / 2 });
}
