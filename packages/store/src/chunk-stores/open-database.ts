// Opens the database of an IndexedDB that may refuse, never answer, or hold what a later version of us wrote.
import type { DBSchema, IDBPDatabase, OpenDBCallbacks } from 'idb';
import { openDB } from 'idb';
import { QuernError } from '@quern/spec';

/** Some private windows, and a tab that holds an older version and does not let go, leave a request unanswered. */
export const PATIENCE_MS = 10_000;

/** Throws 'storage-error', or what the browser says. */
export async function openDatabase<Schema extends DBSchema>(
  name: string,
  version: number,
  callbacks: OpenDBCallbacks<Schema>,
  patienceMs: number,
): Promise<IDBPDatabase<Schema>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let late = false;
  const opening = openDB<Schema>(name, version, callbacks);
  const patience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late = true;
      reject(
        new QuernError(
          'storage-error',
          `the browser does not open the model cache (no answer for ${patienceMs / 1000} s): close other tabs of this site, or leave the private window`,
        ),
      );
    }, patienceMs);
  });
  // Nobody waits for it any more: open, it would be in the way of a later version.
  opening.then(
    (database) => late && database.close(),
    () => undefined,
  );
  try {
    return await Promise.race([opening, patience]);
  } catch (error) {
    if ((error as { name?: unknown } | undefined)?.name !== 'VersionError') throw error;
    throw new QuernError(
      'storage-error',
      'the model cache of this site was written by a newer version of Quern than this page runs; it stays as it is: reload the page to get that version',
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
  }
}
