// What a page, Node and the CLI can do with models besides running them: plan, fetch, list, verify, export, delete.

import type { CachedModel, LoadPlan, Progress, StorageUsage, VerifyReport } from '@quern/spec';
import type { LoadRequest } from '../wire/host-api.ts';
import type { LoadHooks } from './load-hooks.ts';

export interface PlanOptions extends Omit<LoadRequest, 'baseUrl' | 'makeRoom' | 'prompt'> {
  signal?: AbortSignal;
}

export interface DownloadOptions
  extends Pick<LoadRequest, 'model' | 'token' | 'hubBaseUrl' | 'makeRoom'>, LoadHooks {}

export interface VerifyOptions {
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
}

export interface Models {
  /**
   * What loading the model would take, from its header (some hundred kB): bytes to fetch, memory, the context and
   * type of keys and values that fit. A model that cannot run is told in `problems`, not thrown.
   * Throws 'not-found', 'network', 'corrupt-file', 'aborted'.
   */
  plan(options: PlanOptions): Promise<LoadPlan>;
  /**
   * Fetches a model into the cache without running it. The signal pauses it: what has come stays, and the next
   * download, or load, goes on from there. Throws as createEngine does, and 'storage-full' or 'storage-error' where it
   * cannot be kept whole; 'invalid-request' for a model that is on this device already.
   */
  download(options: DownloadOptions): Promise<CachedModel>;
  /** Those that are there whole or in part, last used first. Throws 'storage-error' where nothing may be kept. */
  list(): Promise<CachedModel[]>;
  /** Undefined where the platform tells nothing. */
  usage(): Promise<StorageUsage | undefined>;
  /** Asks the browser to keep the origin's data; true if it will. */
  persist(): Promise<boolean>;
  /** Throws 'not-found'. */
  delete(id: string): Promise<void>;
  /**
   * Reads all that is stored and compares it with its SHA-256; what is damaged is dropped alone, a file that is another
   * than its hub's as a whole. Throws 'not-found', 'aborted'.
   */
  verify(id: string, options?: VerifyOptions): Promise<VerifyReport>;
  /**
   * The bytes of a file of a complete model, in order, read as they are taken. Throws (when it is read)
   * 'not-found', 'storage-error' where the file is not whole or a part of it is damaged.
   */
  export(id: string, file: string): ReadableStream<Uint8Array>;
  /** Frees what the calls took (a page's worker). */
  close(): Promise<void>;
}
