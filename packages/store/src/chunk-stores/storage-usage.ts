// How much of its storage the origin uses, as the browser tells it.
import type { StorageUsage } from '@quern/spec';

/** Chunks lie in a database, which takes room of its own. */
const SLACK = 1.02;
const SPARE_BYTES = 16 * 2 ** 20;

/** What must be free for so many bytes of a model to be kept. */
export function roomFor(bytes: number): number {
  return Math.ceil(bytes * SLACK) + SPARE_BYTES;
}

/** Undefined where the platform tells nothing: Node, pages that are not secure, a browser that refuses. */
export async function originUsage(): Promise<StorageUsage | undefined> {
  const storage = globalThis.navigator?.storage;
  if (!storage) return undefined;
  try {
    const [{ usage, quota }, persisted] = await Promise.all([storage.estimate(), storage.persisted()]);
    return usage === undefined || quota === undefined ? undefined : { usage, quota, persisted };
  } catch {
    return undefined; // private windows refuse
  }
}
