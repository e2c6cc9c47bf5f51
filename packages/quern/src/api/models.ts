// What a page, Node and the CLI can do with models besides running them: plan, fetch, list, verify, export, delete.

import type { CachedModel, StorageUsage } from '@quern/spec';

export interface Models {
  /** Those that are there whole or in part, last used first. Throws 'storage-error' where nothing may be kept. */
  list(): Promise<CachedModel[]>;
  /** Undefined where the platform tells nothing. */
  usage(): Promise<StorageUsage | undefined>;
  /** Asks the browser to keep the origin's data; true if it will. */
  persist(): Promise<boolean>;
  /** Throws 'not-found'. */
  delete(id: string): Promise<void>;
  /** Frees what the calls took (a page's worker). */
  close(): Promise<void>;
}
