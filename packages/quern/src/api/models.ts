// What a page, Node and the CLI can do with models besides running them: plan, fetch, list, verify, export, delete.

import type { CachedModel, Progress, StorageUsage, VerifyReport } from '@quern/spec';

export interface VerifyOptions {
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
}

export interface Models {
  /** Those that are there whole or in part, last used first. Throws 'storage-error' where nothing may be kept. */
  list(): Promise<CachedModel[]>;
  /** Undefined where the platform tells nothing. */
  usage(): Promise<StorageUsage | undefined>;
  /** Asks the browser to keep the origin's data; true if it will. */
  persist(): Promise<boolean>;
  /** Throws 'not-found'. */
  delete(id: string): Promise<void>;
  /** Reads all that is stored and compares it; what is damaged is dropped alone. Throws 'not-found', 'aborted'. */
  verify(id: string, options?: VerifyOptions): Promise<VerifyReport>;
  /**
   * The bytes of a file of a complete model, in order, read as they are taken. Throws (when it is read)
   * 'not-found', 'storage-error' where the file is not whole or a part of it is damaged.
   */
  export(id: string, file: string): ReadableStream<Uint8Array>;
  /** Frees what the calls took (a page's worker). */
  close(): Promise<void>;
}
