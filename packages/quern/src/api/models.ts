// What a page, Node and the CLI can do with models besides running them: plan, fetch, list, verify, export, delete.

import type { CachedModel, LoadPlan, Progress, StorageUsage, VerifyReport } from '@quern/spec';
import type { LoadRequest } from '../wire/host-api.ts';

export interface PlanOptions extends Omit<LoadRequest, 'baseUrl' | 'variants'> {
  signal?: AbortSignal;
}

export interface DownloadOptions extends Pick<LoadRequest, 'model' | 'token' | 'hubBaseUrl'> {
  /** Bytes, rate and time left. */
  onProgress?: (progress: Progress) => void;
  /** Ends it: what has come stays, and the next download goes on from there. */
  signal?: AbortSignal;
}

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
  /** Fetches a model into the cache. Throws as createEngine does, and 'storage-full' or 'storage-error'. */
  download(options: DownloadOptions): Promise<CachedModel>;
  /** Those that are there whole or in part, last used first. */
  list(): Promise<CachedModel[]>;
  /** Undefined where the platform tells nothing. */
  usage(): Promise<StorageUsage | undefined>;
  /** Asks the browser to keep the origin's data; true if it will. */
  persist(): Promise<boolean>;
  /** Throws 'not-found'. */
  delete(id: string): Promise<void>;
  /** Reads all that is stored and compares it; what is damaged is dropped alone. Throws 'not-found', 'aborted'. */
  verify(id: string, options?: VerifyOptions): Promise<VerifyReport>;
  /** The bytes of a file of a complete model, in order. Throws 'not-found', 'storage-error'. */
  export(id: string, file: string): ReadableStream<Uint8Array>;
  /** Frees what the calls took (a page's worker). */
  close(): Promise<void>;
}
