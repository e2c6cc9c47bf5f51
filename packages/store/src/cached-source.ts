// A file on a web server, through a chunk store: what is there comes from it, the rest from the network and
// into it. A file that is there whole needs no network at all; one that is there in part is checked against
// the server by the first request for a missing chunk.
import type { ByteSource } from '@quern/spec';
import { QuernError, throwIfAborted } from '@quern/spec';
import { ChunkPool } from './chunk-pool.ts';
import type { ChunkStore, FileInfo, ModelRefMark, StoredFile } from './chunk-store.ts';
import { CHUNK_BYTES, isComplete } from './chunk-store.ts';
import { ChunkWriter } from './chunk-writer.ts';
import type { ChunkLoader } from './chunked-source.ts';
import { chunkedSource } from './chunked-source.ts';
import { keyOfUrl, nameOfUrl } from './file-key.ts';
import { httpOf } from './http-request.ts';
import type { RemoteFile } from './remote-file.ts';
import { openRemote } from './remote-file.ts';
import { storageError } from './storage-error.ts';
import type { UrlOptions } from './url-source.ts';
import { readChunk } from './url-source.ts';

export interface CachedOptions extends UrlOptions {
  store: ChunkStore;
  /** The cache key; else the URL without its secrets. */
  key?: string;
  mark?: ModelRefMark;
  /** The store failed (full, refused, deleted): loading goes on, uncached. At most once a source. */
  onWarning?: (warning: QuernError) => void;
}

export interface CachedSource extends ByteSource {
  /** Resolves when all chunks read so far are stored, or given up with a warning. */
  flush(): Promise<void>;
}

/** Opens an absolute URL. Throws 'not-found', 'network', 'aborted'; never because of the store. */
export async function openCached(url: string, options: CachedOptions): Promise<CachedSource> {
  const { store } = options;
  throwIfAborted(options.signal);
  const warn = warnOnce(options.onWarning);
  const info = {
    key: options.key ?? keyOfUrl(url),
    name: options.name ?? nameOfUrl(url),
    ...(options.mark && { mark: options.mark }),
  };
  const open = (file: StoredFile | undefined, remote?: RemoteFile, start?: number): CachedSource => {
    const loader = new CachedLoader(url, info.name, options, warn, file, remote);
    const source = chunkedSource(loader, options.pool ?? new ChunkPool(), start);
    return Object.assign(source, { flush: () => loader.flush() });
  };
  const known = await store.find(info.key).catch(warn);
  if (known && isComplete(known)) {
    const { byteLength, validator } = known;
    const touched = await store.open({ ...info, byteLength, validator }).catch(warn);
    return open(touched && isComplete(touched) ? touched : known);
  }
  const first = known ? firstMissing(known) : 0;
  const remote = await openRemote(url, httpOf(options), rangeOf(first), options.signal);
  const same = known !== undefined && isSameVersion(known, remote);
  const file = await recordOf(store, info, remote, known !== undefined && !same).catch(warn);
  // A server without ranges begins at byte 0 whatever was asked for; what is wanted is still `first`.
  const start = same && !remote.ranged ? first : (remote.arriving ?? 0) / CHUNK_BYTES;
  return open(file, remote, remote.byteLength > 0 ? start : undefined);
}

function warnOnce(onWarning: CachedOptions['onWarning']): (error: unknown) => undefined {
  let warned = false;
  return (error) => {
    if (!warned) onWarning?.(storageError(error, 'the model cache cannot be used, going on without it'));
    warned = true;
    return undefined;
  };
}

async function recordOf(
  store: ChunkStore,
  info: Pick<FileInfo, 'key' | 'name' | 'mark'>,
  { byteLength, validator }: RemoteFile,
  dropOld: boolean,
): Promise<StoredFile> {
  if (dropOld) await store.delete(info.key);
  return store.open({ ...info, byteLength, validator });
}

function firstMissing(file: StoredFile): number {
  let index = 0;
  while (file.stored.has(index)) index++;
  return index;
}

function rangeOf(index: number): { start: number; end: number } {
  return { start: index * CHUNK_BYTES, end: (index + 1) * CHUNK_BYTES };
}

// A server that tells neither ETag nor date cannot be trusted to have the same file still: fine-tunes of one
// model have the same length.
function isSameVersion(file: StoredFile, remote: RemoteFile): boolean {
  return (
    file.validator !== undefined &&
    file.validator === remote.validator &&
    file.byteLength === remote.byteLength
  );
}

class CachedLoader implements ChunkLoader {
  readonly name: string;
  readonly byteLength: number;
  readonly #url: string;
  readonly #options: CachedOptions;
  readonly #warn: (error: unknown) => undefined;
  readonly #file: StoredFile | undefined;
  readonly #writer: ChunkWriter | undefined;
  #remote: RemoteFile | undefined;
  #opening: Promise<RemoteFile> | undefined;

  constructor(
    url: string,
    name: string,
    options: CachedOptions,
    warn: (error: unknown) => undefined,
    file: StoredFile | undefined,
    remote: RemoteFile | undefined,
  ) {
    this.name = name;
    this.byteLength = remote?.byteLength ?? file?.byteLength ?? 0;
    this.#url = url;
    this.#options = options;
    this.#warn = warn;
    this.#file = file;
    this.#remote = remote;
    if (file) this.#writer = new ChunkWriter(options.store, file, warn);
  }

  get bytesFetched(): number {
    return this.#remote?.bytesFetched ?? 0;
  }

  async load(index: number): Promise<{ bytes: Uint8Array<ArrayBuffer>; from: 'network' | 'cache' }> {
    throwIfAborted(this.#options.signal);
    const kept = await this.#kept(index);
    if (kept) return { bytes: kept, from: 'cache' };
    const bytes = await readChunk(await this.#network(index), index);
    await this.#writer?.write(index, bytes);
    return { bytes, from: 'network' };
  }

  async #kept(index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (!this.#file || !(await this.#writer?.has(index))) return undefined;
    const bytes = await this.#options.store.get(this.#file, index).catch(this.#warn);
    if (!bytes) this.#writer?.forget(index);
    return bytes;
  }

  async #network(index: number): Promise<RemoteFile> {
    if (this.#remote) return this.#remote;
    this.#opening ??= this.#reopen(index);
    try {
      return await this.#opening;
    } finally {
      this.#opening = undefined;
    }
  }

  // Only for a file that was there whole and turned out damaged.
  async #reopen(index: number): Promise<RemoteFile> {
    const remote = await openRemote(this.#url, httpOf(this.#options), rangeOf(index), this.#options.signal);
    if (!this.#file || isSameVersion(this.#file, remote)) return (this.#remote = remote);
    remote.close();
    await this.#options.store.delete(this.#file.key).catch(this.#warn);
    throw new QuernError(
      'network',
      `chunk ${index} of the cached ${this.name} is damaged, and the server cannot replace it (its file is another version, or tells none); the cached copy was dropped, load the model again`,
    );
  }

  async flush(): Promise<void> {
    await this.#writer?.flush();
  }

  async close(): Promise<void> {
    this.#remote?.close();
    await this.flush();
  }
}
