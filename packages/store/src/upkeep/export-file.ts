// A file of a cached model as it was downloaded, for a person to keep elsewhere.
import { QuernError } from '@quern/spec';
import { findGroup, groupFiles } from './cached-models.ts';
import type { ChunkStore } from '../chunk-stores/chunk-store.ts';
import { isComplete } from '../chunk-stores/chunk-store.ts';

/**
 * The bytes in order, a chunk (4 MiB) at a time, read as they are asked for. Throws 'not-found' (no such model, or no
 * such file in it), 'storage-error' where the file is not there whole, or a chunk turns out to be damaged.
 */
export async function* exportFile(
  store: ChunkStore,
  id: string,
  name: string,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const { files } = findGroup(groupFiles(await store.list()), id);
  const file = files.find((one) => one.name === name);
  if (!file) {
    const names = files.map((one) => one.name).join(', ');
    throw new QuernError('not-found', `the cached model ${id} has no file "${name}"; it has ${names}`);
  }
  if (!isComplete(file)) {
    throw new QuernError(
      'storage-error',
      `${name} is not there whole: ${file.stored.size} of ${file.chunkCount} chunks are; download the model first`,
    );
  }
  for (let index = 0; index < file.chunkCount; index++) {
    const bytes = await store.get(file, index);
    if (!bytes) {
      throw new QuernError(
        'storage-error',
        `chunk ${index} of the cached ${name} is damaged or was deleted; ` +
          'it alone comes anew when the model is downloaded again',
      );
    }
    yield bytes;
  }
}
