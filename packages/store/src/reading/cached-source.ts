// A file on a web server, through a chunk store: what is there comes from it, the rest from the network and
// into it. A file that is there whole needs no network at all; one that is there in part is checked against
// the server by the first request for a missing chunk.
import type { ByteSource, CompleteOptions, QuernError } from '@quern/spec';
import { throwIfAborted } from '@quern/spec';
import { abortable } from './abortable.ts';
import { CachedLoader, PATIENCE_MS, POLL_MS, rangeOf } from './cached-loader.ts';
import { ChunkPool } from './chunk-pool.ts';
import type { ChunkStore, FileInfo, ModelRefMark, StoredFile } from '../chunk-stores/chunk-store.ts';
import { CHUNK_BYTES, chunkCount, isComplete, sameVersion } from '../chunk-stores/chunk-store.ts';
import { ChunkedSource, MAX_AHEAD } from './chunked-source.ts';
import type { Locks } from './download-turn.ts';
import { DownloadTurn } from './download-turn.ts';
import { keyOfUrl, nameOfUrl } from '../remote/file-key.ts';
import { httpOf } from '../remote/http-request.ts';
import { loadUpkeep } from '../upkeep/load-upkeep.ts';
import type { RemoteFile } from '../remote/remote-file.ts';
import { openRemote } from '../remote/remote-file.ts';
import { sleep } from '../remote/retry.ts';
import { storageError } from '../chunk-stores/storage-error.ts';
import type { UrlOptions } from '../remote/url-source.ts';
import type { WholeHash } from './whole-hash.ts';

export interface CachedOptions extends UrlOptions {
  store: ChunkStore;
  /** The cache key; else the URL without its secrets. */
  key?: string;
  /** Of the whole file, where it is known: then it tells which cached chunks are of this file. */
  sha256?: string;
  mark?: ModelRefMark;
  /** So that tabs of an origin download a file once; navigator.locks if undefined. */
  locks?: Locks;
  /** While another tab downloads: how often the store is looked at, and how long without news is too long, in ms. */
  pollMs?: number;
  patienceMs?: number;
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
  const { store, signal } = options;
  throwIfAborted(signal);
  const pool = options.pool ?? new ChunkPool();
  const common = {
    ...options,
    url,
    http: httpOf(options, () => pool.pace.trouble()),
    key: options.key ?? keyOfUrl(url),
    name: options.name ?? nameOfUrl(url),
    warn: warnOnce(options.onWarning),
  };
  const { key, name, warn, mark, sha256 } = common;
  const info = { key, name, ...(mark && { mark }), ...(sha256 !== undefined && { sha256 }) };
  const kept = usable(await store.find(key).catch(warn), sha256);
  const locks = kept && isComplete(kept) ? undefined : (options.locks ?? globalThis.navigator?.locks);
  const turn = locks && (await DownloadTurn.begin(locks, key).catch(() => undefined));
  const open = (file: StoredFile | undefined, remote?: RemoteFile, start?: number): CachedSource =>
    new CachedChunks(new CachedLoader({ ...common, file, remote, turn }), pool, start);
  try {
    const known = turn ? await latestOf(common, turn) : kept;
    if (known && (isComplete(known) || turn?.waits)) {
      if (isComplete(known)) turn?.end();
      const { byteLength, validator } = known;
      const touched = await store.open({ ...info, byteLength, validator }).catch(warn);
      return open(touched?.id === known.id ? touched : known);
    }
    const first = known ? firstMissing(known) : 0;
    const remote = await openRemote(url, common.http, rangeOf(first), signal);
    const { byteLength, validator } = remote;
    // A server that tells neither ETag nor date cannot be trusted to have the same file still.
    const same = known !== undefined && sameVersion(known, { ...info, byteLength, validator }) === true;
    const file = await recordOf(store, { ...info, byteLength, validator }, !same).catch(warn);
    // A server without ranges begins at byte 0 whatever was asked for; what is wanted is still `first`.
    const start = same && !remote.ranged ? first : (remote.arriving ?? 0) / CHUNK_BYTES;
    return open(file, remote, remote.byteLength > 0 ? start : undefined);
  } catch (error) {
    turn?.end();
    throw error;
  }
}

/** A record, unless it is of a file with another hash. */
function usable(found: StoredFile | undefined, sha256: string | undefined): StoredFile | undefined {
  return found?.sha256 !== undefined && (sha256 ?? found.sha256) !== found.sha256 ? undefined : found;
}

/**
 * What the store has of the file: its record if it is whole, or ours to go on with, or to be followed. While another
 * tab downloads it, and nothing tells yet which version that is, waits for that.
 */
async function latestOf(
  { store, key, sha256, warn, signal, pollMs = POLL_MS, patienceMs = PATIENCE_MS }: Latest,
  turn: DownloadTurn,
): Promise<StoredFile | undefined> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const mine = !turn.waits;
    let refused = false;
    const found = await store.find(key).catch((error: unknown) => {
      refused = true;
      return warn(error);
    });
    const known = usable(found, sha256);
    if (mine || (known && (isComplete(known) || (known.validator ?? known.sha256) !== undefined)))
      return known;
    if (refused || performance.now() > until) {
      turn.end();
      return known;
    }
    await sleep(pollMs, signal);
  }
}

type Latest = Pick<
  ConstructorParameters<typeof CachedLoader>[0],
  'store' | 'key' | 'sha256' | 'warn' | 'signal' | 'pollMs' | 'patienceMs'
>;

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

class CachedChunks extends ChunkedSource implements CachedSource {
  readonly key: string;
  readonly #loader: CachedLoader;
  #hash: Promise<WholeHash | undefined> | undefined;

  constructor(loader: CachedLoader, pool: ChunkPool, start: number | undefined) {
    super(loader, pool, start);
    this.key = loader.key;
    this.#loader = loader;
  }

  override fetch(index: number, wanted: boolean): Promise<Uint8Array> {
    const chunk = super.fetch(index, wanted);
    chunk.then(
      () => this.#follow(),
      () => undefined,
    );
    return chunk;
  }

  /** Not while another tab downloads the file: that one does it. */
  #follow(): void {
    if (this.#loader.unverified === undefined || this.#loader.follows) return;
    void this.#wholeHash().then((hash) => hash?.follow());
  }

  /** Loaded when it is first needed. Where it cannot be, the file stays unverified until another visit. */
  #wholeHash(): Promise<WholeHash | undefined> {
    const chunks = {
      count: chunkCount(this.byteLength),
      hold: (index: number) => this.hold(index),
      isKept: (index: number) => !this.#loader.fromNetwork(index),
      fetch: (index: number, wanted: boolean) => this.fetch(index, wanted),
    };
    this.#hash ??= loadUpkeep().then(
      ({ WholeHash }) => new WholeHash(chunks),
      () => undefined,
    );
    return this.#hash;
  }

  flush(): Promise<void> {
    return this.#loader.flush();
  }

  async complete({ signal }: CompleteOptions = {}): Promise<void> {
    try {
      await this.#fetchRest(signal);
      if (this.#loader.keeps) await this.#verify(signal);
    } finally {
      this.#loader.endTurn();
    }
  }

  async #fetchRest(signal: AbortSignal | undefined): Promise<void> {
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
  }

  async #verify(signal: AbortSignal | undefined): Promise<void> {
    if (this.#loader.unverified === undefined || (await this.#loader.verifiedByOther(signal))) return;
    const hash = await this.#wholeHash();
    if (hash) await this.#loader.judge(await abortable(hash.finish(signal), signal));
  }

  override async close(): Promise<void> {
    void this.#hash?.then((hash) => hash?.stop());
    await super.close();
  }
}
