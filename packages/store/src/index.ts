// What browsers and workers use. What needs node:fs is in ./node.ts.
export { openBlob } from './blob-source.ts';
export type { CachedOptions, CachedSource } from './cached-source.ts';
export { openCached } from './cached-source.ts';
export { ChunkPool } from './chunk-pool.ts';
export type { ChunkStore, FileInfo, ModelRefMark, StoredFile } from './chunk-store.ts';
export { CHUNK_BYTES, chunkCount, chunkLength, isComplete, storedBytes } from './chunk-store.ts';
export { keyOfUrl, nameOfUrl, publicUrl } from './file-key.ts';
export type { HttpOptions } from './http-request.ts';
export type { IndexedDbOptions } from './indexeddb-chunk-store.ts';
export { openIndexedDbChunkStore } from './indexeddb-chunk-store.ts';
export type { RetryPolicy } from './retry.ts';
export type { UrlOptions } from './url-source.ts';
export { openUrl } from './url-source.ts';
