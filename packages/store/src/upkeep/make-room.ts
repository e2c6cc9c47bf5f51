// Which models go when another needs their room: whole ones, least recently used first. Only ever called where
// somebody has agreed to it.
import { QuernError } from '@quern/spec';
import { deleteGroups, type FileGroup, groupFiles, lastUsed } from './cached-models.ts';
import type { ChunkStore } from '../chunk-stores/chunk-store.ts';
import { storedBytes } from '../chunk-stores/chunk-store.ts';

/**
 * Deletes models until `bytes` are free, but none that has a file of `keep`, and none that would be of no use: where
 * the last one chosen frees enough without an older one, the older one stays; where even all of them would not do,
 * all stay. Resolves to a warning that tells what went, or undefined. Throws 'storage-error'.
 */
export async function makeRoom(
  store: ChunkStore,
  bytes: number,
  keep: ReadonlySet<string>,
): Promise<QuernError | undefined> {
  const groups = groupFiles(await store.list());
  const candidates = groups
    .filter(({ files }) => !files.some(({ key }) => keep.has(key)))
    .sort((a, b) => lastUsed(a, groups) - lastUsed(b, groups));
  const going = new Set<FileGroup>();
  for (const candidate of candidates) {
    if (freed(groups, going) >= bytes) break;
    going.add(candidate);
  }
  if (freed(groups, going) < bytes) return undefined;
  for (const candidate of candidates) {
    const fewer = new Set(going);
    fewer.delete(candidate);
    if (freed(groups, fewer) >= bytes) going.delete(candidate);
  }
  await deleteGroups(store, groups, going);
  const names = [...going].map(({ name }) => name).join(', ');
  return new QuernError('storage-full', `the storage was full: ${names} went from the cache to make room`);
}

/** What is told of a model that is not kept: what it lacks takes `needed` bytes, and `free` are free. */
export function noRoom(needed: number, free: number, mayDelete: boolean): QuernError {
  return new QuernError(
    'storage-full',
    `the model is not kept: what is still to come takes ${megabytes(needed)}, the storage has room for ` +
      `${megabytes(free)}, so ${megabytes(needed - free)} are missing; ` +
      (mayDelete
        ? 'the cached models that are not in use would not free as much'
        : "delete a cached model, or allow makeRoom: 'least-recently-used'"),
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/** Bytes of the files that no other model has. */
function freed(groups: readonly FileGroup[], going: ReadonlySet<FileGroup>): number {
  const staying = new Set(groups.flatMap((group) => (going.has(group) ? [] : group.files)));
  let bytes = 0;
  for (const file of new Set([...going].flatMap(({ files }) => files))) {
    if (!staying.has(file)) bytes += storedBytes(file);
  }
  return bytes;
}
