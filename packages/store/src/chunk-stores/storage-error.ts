// Failures of IndexedDB and of a file system in the project's words.
import { QuernError } from '@quern/spec';

const FULL = new Set(['QuotaExceededError', 'NS_ERROR_DOM_INDEXEDDB_QUOTA_ERR', 'ENOSPC', 'EDQUOT']);

/** 'storage-full' or 'storage-error'; `what` says what was being done. */
export function storageError(error: unknown, what: string): QuernError {
  if (QuernError.is(error)) return error;
  const { name, code, message } = (error ?? {}) as { name?: unknown; code?: unknown; message?: unknown };
  const reason = typeof message === 'string' && message !== '' ? message : String(name ?? error);
  if (FULL.has(String(name)) || FULL.has(String(code))) {
    return new QuernError(
      'storage-full',
      `${what}: the storage is full (${reason}); delete a cached model or free disk space`,
      { cause: error },
    );
  }
  return new QuernError('storage-error', `${what}: ${reason}`, { cause: error });
}

/** Runs `work` and puts its failures into the project's words. */
export async function guardStorage<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageError(error, what);
  }
}
