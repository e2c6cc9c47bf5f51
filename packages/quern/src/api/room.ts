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
    const told = await options.usage().catch(() => undefined);
    const free = told ? Math.max(0, told.quota - told.usage) : Infinity;
    const needed = roomFor(load.missingBytes);
    if (needed <= free || (await deleteOthers(load, needed - free, options))) return undefined;
    const { noRoom } = await loadUpkeep();
    return noRoom(needed, free, options.makeRoom === 'least-recently-used');
  } catch (error) {
    return QuernError.from(error, 'storage-error');
  }
}

/** By policy deletes other models where a write has found the storage full; whether it has. */
export async function makeRoomNow(load: LoadStore, bytes: number, options: RoomOptions): Promise<boolean> {
  try {
    return await deleteOthers(load, bytes, options);
  } catch {
    return false; // what the write said is told
  }
}

async function deleteOthers(load: LoadStore, bytes: number, options: RoomOptions): Promise<boolean> {
  const { makeRoom, locks, onMade } = options;
  if (makeRoom !== 'least-recently-used') return false;
  const keep = new Set([...load.keys, ...(locks ? await filesInUse(locks) : [])]);
  const upkeep = await loadUpkeep();
  const made = await upkeep.makeRoom(load, bytes, keep);
  if (made) onMade?.(made);
  return made !== undefined;
}
