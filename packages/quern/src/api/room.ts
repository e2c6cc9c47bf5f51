// Whether there is room to keep what a load will bring, and what happens where there is not.

import { QuernError, type StorageUsage } from '@quern/spec';
import { type LoadStore, loadUpkeep, roomFor } from '@quern/store';
import type { MakeRoom } from '../wire/host-api.ts';
import { filesInUse, type SharedLocks } from './files-in-use.ts';
import type { LoadHooks } from './load-hooks.ts';

export interface RoomOptions {
  makeRoom: MakeRoom | undefined;
  /** Undefined where the platform tells nothing: then the first write that fails will tell. */
  usage: () => Promise<StorageUsage | undefined>;
  locks: SharedLocks | undefined;
  /** Hears what was deleted. */
  onMade: LoadHooks['onWarning'];
}

/** Why the storage has no room for what the load lacks, undefined where it has. By policy deletes other models first. */
export async function seeToRoom(load: LoadStore, options: RoomOptions): Promise<QuernError | undefined> {
  try {
    const { makeRoom, locks, onMade } = options;
    const told = await options.usage().catch(() => undefined);
    const free = told ? Math.max(0, told.quota - told.usage) : Infinity;
    const needed = roomFor(load.missingBytes);
    if (needed <= free) return undefined;
    const upkeep = await loadUpkeep();
    const mayDelete = makeRoom === 'least-recently-used';
    if (mayDelete) {
      const keep = new Set([...load.keys, ...(locks ? await filesInUse(locks) : [])]);
      const made = await upkeep.makeRoom(load, needed - free, keep);
      if (made) {
        onMade?.(made);
        return undefined;
      }
    }
    return upkeep.noRoom(needed, free, mayDelete);
  } catch (error) {
    return QuernError.from(error, 'storage-error');
  }
}
