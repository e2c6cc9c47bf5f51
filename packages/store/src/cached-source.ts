// A file on a web server, through a chunk store: what is there comes from it, the rest from the network and
// into it. A file that is there whole needs no network at all; one that is there in part is checked against
// the server by the first request for a missing chunk.
import type { ByteSource, CompleteOptions } from '@quern/spec';
import { QuernError, throwIfAborted } from '@quern/spec';
import type { LoadedChunk } from './chunk-pool.ts';
import { abortable } from './abortable.ts';
import { ChunkPool } from './chunk-pool.ts';
import type { ChunkStore, FileInfo, ModelRefMark, StoredFile } from './chunk-store.ts';
import { CHUNK_BYTES, chunkCount, isComplete, sameVersion } from './chunk-store.ts';
import { ChunkWriter } from './chunk-writer.ts';
import type { ChunkLoader } from './chunked-source.ts';
import { ChunkedSource, MAX_AHEAD } from './chunked-source.ts';
import { keyOfUrl, nameOfUrl } from './file-key.ts';
import type { Http } from './http-request.ts';
import { httpOf } from './http-request.ts';
import type { RemoteFile } from './remote-file.ts';
import { openRemote } from './remote-file.ts';
import { storageError } from './storage-error.ts';
import { WholeHash } from './whole-hash.ts';
import type { UrlOptions } from './url-source.ts';
import { readChunk } from './url-source.ts';

export interface CachedOptions extends UrlOptions {
  store: ChunkStore;
  /** The cache key; else the URL without its secrets. */
  key?: string;
  /** Of the whole file, where it is known: then it tells which cached chunks are of this file. */
  sha256?: string;
  mark?: ModelRefMark;
  /** The store failed (full, refused, deleted): loading goes on, uncached. At most once a source. */
  onWarning?: (warning: QuernError) => void;
}

export interface CachedSource extends ByteSource {
  /** The cache key. */
  readonly key: string;
  /** Resolves when all chunks read so far are stored, or given up with a warning. */
  flush(): Promise<void>;
  complete(options?: CompleteOptions): Promise<void>;
}

/** Opens an absolute URL. Throws 'not-found', 'network', 'aborted'; never because of the store. */
export async function openCached(url: string, options: CachedOptions): Promise<CachedSource> {
  const { store } = options;
  throwIfAborted(options.signal);
  const warn = warnOnce(options.onWarning);
  const pool = options.pool ?? new ChunkPool();
  const http = httpOf(options, () => pool.pace.trouble());
  const info = {
    key: options.key ?? keyOfUrl(url),
    name: options.name ?? nameOfUrl(url),
    ...(options.mark && { mark: options.mark }),
    ...(options.sha256 !== undefined && { sha256: options.sha256 }),
  };
  const open = (file: StoredFile | undefined, remote?: RemoteFile, start?: number): CachedSource => {
    const loader = new CachedLoader(url, info, options, http, warn, file, remote);
    return new CachedChunks(loader, pool, start);
  };
  const known = await store.find(info.key).catch(warn);
  const isOther = known?.sha256 !== undefined && (info.sha256 ?? known.sha256) !== known.sha256;
  if (known && isComplete(known) && !isOther) {
    const { byteLength, validator } = known;
    const touched = await store.open({ ...info, byteLength, validator }).catch(warn);
    return open(touched && isComplete(touched) ? touched : known);
  }
  const first = known && !isOther ? firstMissing(known) : 0;
  const remote = await openRemote(url, http, rangeOf(first), options.signal);
  const { byteLength, validator } = remote;
  // A server that tells neither ETag nor date cannot be trusted to have the same file still.
  const same = known !== undefined && sameVersion(known, { ...info, byteLength, validator }) === true;
  const file = await recordOf(store, { ...info, byteLength, validator }, known !== undefined && !same).catch(
    warn,
  );
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

async function recordOf(store: ChunkStore, info: FileInfo, dropOld: boolean): Promise<StoredFile> {
  if (dropOld) await store.delete(info.key);
  return store.open(info);
}

function firstMissing(file: StoredFile): number {
  let index = 0;
  while (file.stored.has(index)) index++;
  return index;
}

function rangeOf(index: number): { start: number; end: number } {
  return { start: index * CHUNK_BYTES, end: (index + 1) * CHUNK_BYTES };
}

class CachedChunks extends ChunkedSource implements CachedSource {
  readonly key: string;
  readonly #loader: CachedLoader;
  #hash: WholeHash | undefined;

  constructor(loader: CachedLoader, pool: ChunkPool, start: number | undefined) {
    super(loader, pool, start);
    this.key = loader.key;
    this.#loader = loader;
    if (loader.unverified === undefined) return;
    this.#hash = new WholeHash({
      count: chunkCount(loader.byteLength),
      hold: (index) => this.hold(index),
      isKept: (index) => !loader.fromNetwork(index),
      fetch: (index, wanted) => this.fetch(index, wanted),
    });
  }

  override fetch(index: number, wanted: boolean): Promise<Uint8Array> {
    const chunk = super.fetch(index, wanted);
    chunk.then(
      () => this.#hash?.follow(),
      () => undefined,
    );
    return chunk;
  }

  flush(): Promise<void> {
    return this.#loader.flush();
  }

  async complete({ signal }: CompleteOptions = {}): Promise<void> {
    const all = Array.from({ length: chunkCount(this.byteLength) }, (_, index) => index);
    const missing = all.filter((index) => this.#loader.fromNetwork(index));
    for (const [at, index] of missing.entries()) {
      throwIfAborted(signal);
      // Without a store that takes them they would come for nothing.
      if (!this.#loader.keeps) return;
      const wanted = this.fetch(index, true);
      for (const ahead of missing.slice(at + 1, at + 1 + MAX_AHEAD)) void this.fetch(ahead, false);
      await abortable(wanted, signal);
    }
    await abortable(this.flush(), signal);
    if (!this.#hash || !this.#loader.keeps) return;
    const actual = await abortable(this.#hash.finish(signal), signal);
    this.#hash = undefined;
    await this.#loader.judge(actual);
  }

  override async close(): Promise<void> {
    this.#hash?.stop();
    await super.close();
  }
}

class CachedLoader implements ChunkLoader {
  readonly key: string;
  readonly name: string;
  readonly byteLength: number;
  readonly #url: string;
  readonly #options: CachedOptions;
  readonly #http: Http;
  readonly #warn: (error: unknown) => undefined;
  readonly #file: StoredFile | undefined;
  readonly #writer: ChunkWriter | undefined;
  #remote: RemoteFile | undefined;
  #opening: Promise<RemoteFile> | undefined;

  constructor(
    url: string,
    { key, name }: { key: string; name: string },
    options: CachedOptions,
    http: Http,
    warn: (error: unknown) => undefined,
    file: StoredFile | undefined,
    remote: RemoteFile | undefined,
  ) {
    this.key = key;
    this.name = name;
    this.byteLength = remote?.byteLength ?? file?.byteLength ?? 0;
    this.#url = url;
    this.#options = options;
    this.#http = http;
    this.#warn = warn;
    this.#file = file;
    this.#remote = remote;
    if (file) this.#writer = new ChunkWriter(options.store, file, warn);
  }

  get bytesFetched(): number {
    return this.#remote?.bytesFetched ?? 0;
  }

  /** Chunks that come are stored. */
  get keeps(): boolean {
    return this.#writer !== undefined && !this.#writer.failed;
  }

  /** The SHA-256 that the whole is yet to be compared with. */
  get unverified(): string | undefined {
    return this.#file?.verified ? undefined : (this.#options.sha256 ?? this.#file?.sha256);
  }

  /** Throws 'corrupt-file' and drops what is stored unless this is the hash of the file. */
  async judge(actual: string): Promise<void> {
    const expected = this.unverified;
    if (!this.#file || expected === undefined) return;
    const { store } = this.#options;
    if (actual === expected) {
      await store.markVerified(this.#file).catch(this.#warn);
      return;
    }
    await store.delete(this.key).catch(this.#warn);
    throw new QuernError(
      'corrupt-file',
      `${this.name} is not the file that the hub lists: its SHA-256 is ${actual}, ${expected} was expected; ` +
        'what was cached of it was dropped, load the model again',
    );
  }

  get cachedBytes(): number {
    return this.#writer?.storedBytes ?? 0;
  }

  fromNetwork(index: number): boolean {
    return !this.#writer?.willHave(index);
  }

  async load(index: number): Promise<LoadedChunk & { from: 'network' | 'cache' }> {
    throwIfAborted(this.#options.signal);
    const kept = await this.#kept(index);
    if (kept) return { bytes: kept, from: 'cache' };
    const bytes = await readChunk(await this.#network(index), index);
    return { bytes, from: 'network', stored: this.#writer?.write(index, bytes) };
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
    const remote = await openRemote(this.#url, this.#http, rangeOf(index), this.#options.signal);
    const { byteLength, validator } = remote;
    const { sha256 } = this.#options;
    if (!this.#file || sameVersion(this.#file, { byteLength, validator, sha256 })) {
      this.#remote = remote;
      return remote;
    }
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
