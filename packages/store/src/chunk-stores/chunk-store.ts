// What a cache of file chunks must do. Implementations: indexeddb-chunk-store.ts (browsers) and
// directory-chunk-store.ts (Node); chunk-store.suite.ts is the test suite that both must pass.

/** Bytes of every chunk but the last of a file. Part of the stored format. */
export const CHUNK_BYTES = 4 * 2 ** 20;

/** A model reference that resolved to this file, so that a warm load need not ask the hub again. */
export interface ModelRefMark {
  ref: string;
  /** This file is number `index` (from 0) of the `count` files that the reference stands for. */
  index: number;
  count: number;
}

/** What must be known of a file before its chunks can be stored. */
export interface FileInfo {
  /** See file-key.ts. */
  key: string;
  name: string;
  byteLength: number;
  /** ETag, or else 'modified:' with Last-Modified; undefined when the server tells neither. */
  validator: string | undefined;
  /** Of the whole file, in hex, where a hub told it; then it decides what is the same version. */
  sha256?: string;
  mark?: ModelRefMark;
  /** Only looked at, not used: `lastUsed` of a file that is there stays. */
  peek?: boolean;
}

/** A file as the store knows it: a value, taken at one moment. */
export interface StoredFile {
  readonly key: string;
  /** Names this version of the file; a new version under the same key gets another. */
  readonly id: string;
  readonly name: string;
  readonly byteLength: number;
  readonly validator: string | undefined;
  readonly sha256: string | undefined;
  readonly chunkCount: number;
  /** Indices of the chunks that are there. */
  readonly stored: ReadonlySet<number>;
  /** All of it agreed with `sha256` once, and no chunk was found damaged since. */
  readonly verified: boolean;
  readonly marks: readonly ModelRefMark[];
  /** Milliseconds since 1970 of the last `open`. */
  readonly lastUsed: number;
}

/**
 * All methods throw QuernError: 'storage-full' when there is no room (what was stored before stays),
 * 'storage-error' for any other failure of the storage.
 */
export interface ChunkStore {
  /**
   * The record under `info.key`, made if absent. If another version is there (see sameVersion; two that
   * tell nothing are the same here), it and its chunks are dropped first. Notes the time and the mark.
   */
  open(info: FileInfo): Promise<StoredFile>;
  find(key: string): Promise<StoredFile | undefined>;
  /**
   * The bytes of a chunk, or undefined if it is absent or damaged (its SHA-256 or length is not the
   * one it was stored with; it is then removed, so that it is fetched again alone, and the file is no
   * longer verified).
   */
  get(file: StoredFile, index: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Stores a chunk whole or not at all. The bytes must not change until it resolves. Throws
   * 'storage-error' when the file was deleted or replaced by another version meanwhile.
   */
  put(file: StoredFile, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /**
   * Notes that the whole file agreed with its SHA-256. Throws 'storage-error' when it was deleted or replaced by
   * another version meanwhile.
   */
  markVerified(file: StoredFile): Promise<void>;
  list(): Promise<StoredFile[]>;
  /** Takes the mark of a reference off a file; the file stays. Nothing happens if it is not there. */
  unmark(key: string, ref: string): Promise<void>;
  /** Deletes a file and its chunks; nothing happens if it is not there. */
  delete(key: string): Promise<void>;
  close(): Promise<void>;
}

export function chunkCount(byteLength: number): number {
  return Math.ceil(byteLength / CHUNK_BYTES);
}

/** Bytes of chunk `index` of a file; 0 if the file has no such chunk. */
export function chunkLength(byteLength: number, index: number): number {
  if (!Number.isSafeInteger(index) || index < 0) return 0;
  return Math.max(0, Math.min(CHUNK_BYTES, byteLength - index * CHUNK_BYTES));
}

/**
 * Whether two descriptions are of the same bytes: same length, and same SHA-256 where both tell it, else
 * same validator. Undefined when there is nothing to compare but the length, which fine-tunes of one model
 * share.
 */
export function sameVersion(a: Version, b: Version): boolean | undefined {
  if (a.byteLength !== b.byteLength) return false;
  if (a.sha256 !== undefined && b.sha256 !== undefined) return a.sha256 === b.sha256;
  if (a.validator === undefined && b.validator === undefined) return undefined;
  return a.validator === b.validator;
}

export interface Version {
  readonly byteLength: number;
  readonly validator: string | undefined;
  readonly sha256?: string | undefined;
}

export function isComplete(file: StoredFile): boolean {
  return file.stored.size === file.chunkCount;
}

/** Bytes of the chunks that are there. */
export function storedBytes(file: Pick<StoredFile, 'byteLength' | 'stored'>): number {
  let bytes = 0;
  for (const index of file.stored) bytes += chunkLength(file.byteLength, index);
  return bytes;
}
