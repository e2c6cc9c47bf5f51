// Models as the cache has them: what is listed, deleted, verified and exported.

export interface CachedFile {
  name: string;
  bytes: number;
  storedBytes: number;
  /** The whole file agreed with the SHA-256 that its hub tells. */
  verified: boolean;
}

export interface CachedModel {
  /** Names the model in calls of the cache. */
  id: string;
  /** For people. */
  name: string;
  /** What may be given to createEngine to load it: the hub reference or URL it came by. */
  model: string;
  files: CachedFile[];
  bytes: number;
  storedBytes: number;
  /** Everything is there: it loads without a network. */
  complete: boolean;
  /** Milliseconds since 1970. */
  lastUsed: number;
}

export interface StorageUsage {
  /** Bytes that the origin uses of its quota, everything counted. */
  usage: number;
  quota: number;
  /** The browser will not evict it on its own. */
  persisted: boolean;
}

export interface VerifyReport {
  /** Chunks that were read and compared. */
  checked: number;
  /** Chunks that did not agree; they are dropped and come anew with the next load. */
  damaged: number;
}
