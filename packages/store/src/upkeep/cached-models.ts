// The files of a chunk store as the models that people know: which belong together, what is there of each, and
// what may go. Files that a hub's reference stands for carry its mark; those that came by URL are grouped by name.
import type { CachedModel } from '@quern/spec';
import { QuernError } from '@quern/spec';
import type { ChunkStore, StoredFile } from '../chunk-stores/chunk-store.ts';
import { isComplete, storedBytes } from '../chunk-stores/chunk-store.ts';
import { urlModels } from '../models/url-models.ts';

/** Files that make one model. */
export interface FileGroup {
  /** What loads it; also its name in calls of the cache. */
  ref: string;
  /** For people. */
  name: string;
  /** In the order in which they are read. */
  files: StoredFile[];
  /** Every file of the model has a record. */
  whole: boolean;
  /** The mark that its files carry, where it came by a hub's reference. */
  mark?: string;
}

/** All models of the store, last used first. A file that two references share is listed with both. */
export async function listModels(store: ChunkStore): Promise<CachedModel[]> {
  const models = groupFiles(await store.list()).map(describe);
  return models.sort((a, b) => b.lastUsed - a.lastUsed || (a.id < b.id ? -1 : 1));
}

/**
 * Deletes a model. A file that another model shares stays until the last of them goes.
 * Throws 'not-found', 'storage-error'.
 */
export async function deleteModel(store: ChunkStore, id: string): Promise<void> {
  const groups = groupFiles(await store.list());
  await deleteGroups(store, groups, new Set([findGroup(groups, id)]));
}

/** Deletes `going`, some of all `groups`. */
export async function deleteGroups(
  store: ChunkStore,
  groups: readonly FileGroup[],
  going: ReadonlySet<FileGroup>,
): Promise<void> {
  const staying = new Set(groups.flatMap((group) => (going.has(group) ? [] : group.files)));
  for (const { files, mark } of going) {
    for (const file of files) {
      if (!staying.has(file)) await store.delete(file.key);
      else if (mark !== undefined) await store.unmark(file.key, mark);
    }
  }
}

/** The model that files were just stored for: of the reference `ref`, else the one with the last of `keys`. */
export async function modelOf(
  store: ChunkStore,
  keys: readonly string[],
  ref: string | undefined,
): Promise<CachedModel> {
  const groups = groupFiles(await store.list());
  const found =
    groups.find((group) => group.ref === ref) ??
    groups.find(({ files }) => files.some(({ key }) => key === keys.at(-1)));
  if (found) return describe(found, 0, groups);
  throw new QuernError('not-found', `${keys.at(-1)} was deleted right after it was downloaded`);
}

export function groupFiles(files: readonly StoredFile[]): FileGroup[] {
  const refs = new Set(files.flatMap(({ marks }) => marks.map(({ ref }) => ref)));
  const groups = [...refs].map((ref) => markedGroup(ref, files));
  groups.push(...urlModels(files.filter(({ marks }) => marks.length === 0)));
  return groups;
}

/** Throws 'not-found'. */
export function findGroup(groups: readonly FileGroup[], id: string): FileGroup {
  const found = groups.find(({ ref }) => ref === id);
  if (found) return found;
  const known = groups.map(({ ref }) => ref).join(', ');
  throw new QuernError('not-found', `the cache has no model "${id}"; it has ${known || 'none at all'}`);
}

function markedGroup(ref: string, all: readonly StoredFile[]): FileGroup {
  const marked = all.flatMap((file) => {
    const mark = file.marks.find((one) => one.ref === ref);
    return mark ? [{ file, mark }] : [];
  });
  marked.sort((a, b) => a.mark.index - b.mark.index);
  // Resolutions of different days may have had another number of files: then they do not make one model.
  const whole = marked.every(({ mark }, i) => mark.index === i && mark.count === marked.length);
  const files = marked.map(({ file }) => file);
  return { ref, name: ref.replace('@main', ''), files, whole, mark: ref };
}

/** When it was last opened, by the files that it shares with no other, as those say nothing of this one. */
export function lastUsed(group: FileGroup, groups: readonly FileGroup[]): number {
  const others = new Set(groups.flatMap((other) => (other === group ? [] : other.files)));
  const own = group.files.filter((file) => !others.has(file));
  return Math.max(...(own.length > 0 ? own : group.files).map((file) => file.lastUsed));
}

function describe(group: FileGroup, _index: number, groups: readonly FileGroup[]): CachedModel {
  const { ref, name, files, whole } = group;
  return {
    id: ref,
    name,
    model: ref,
    files: files.map((file) => ({
      name: file.name,
      bytes: file.byteLength,
      storedBytes: storedBytes(file),
      verified: file.verified,
    })),
    bytes: files.reduce((sum, { byteLength }) => sum + byteLength, 0),
    storedBytes: files.reduce((sum, file) => sum + storedBytes(file), 0),
    complete: whole && files.every(isComplete),
    lastUsed: lastUsed(group, groups),
  };
}
