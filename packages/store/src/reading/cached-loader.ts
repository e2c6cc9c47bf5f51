// The chunks of one file: from the store where they are there, else from the network and into the store; or, while
// another tab downloads the file, from what that one stores.
import { QuernError, throwIfAborted } from '@quern/spec';
import { abortable } from './abortable.ts';
import type { LoadedChunk } from './chunk-pool.ts';
import type { ChunkStore, StoredFile } from '../chunk-stores/chunk-store.ts';
import { CHUNK_BYTES, sameVersion } from '../chunk-stores/chunk-store.ts';
import { ChunkWriter } from './chunk-writer.ts';
import type { ChunkLoader } from './chunked-source.ts';
import type { DownloadTurn } from './download-turn.ts';
import { Following } from './following.ts';
import type { Http } from '../remote/http-request.ts';
import type { RemoteFile } from '../remote/remote-file.ts';
import { openRemote } from '../remote/remote-file.ts';
import { readChunk } from '../remote/url-source.ts';

export const POLL_MS = 250;
/** A slow network with eight requests may need long for its next chunk. */
export const PATIENCE_MS = 120_000;

export interface CachedLoaderParts {
  url: string;
  http: Http;
  key: string;
  name: string;
  store: ChunkStore;
  /** Hears of a store that fails. */
  warn: (error: unknown) => undefined;
  /** Undefined where the store refused it. */
  file: StoredFile | undefined;
  /** Opened already, where bytes are on their way. */
  remote: RemoteFile | undefined;
  /** Ours, or in line behind another tab; ends with the loader. */
  turn: DownloadTurn | undefined;
  sha256?: string | undefined;
  signal?: AbortSignal | undefined;
  pollMs?: number | undefined;
  patienceMs?: number | undefined;
}

export function rangeOf(index: number): { start: number; end: number } {
  return { start: index * CHUNK_BYTES, end: (index + 1) * CHUNK_BYTES };
}

export class CachedLoader implements ChunkLoader {
  readonly key: string;
  readonly name: string;
  readonly byteLength: number;
  readonly #parts: CachedLoaderParts;
  readonly #file: StoredFile | undefined;
  readonly #writer: ChunkWriter | undefined;
  readonly #following: Following | undefined;
  #remote: RemoteFile | undefined;
  #opening: Promise<RemoteFile> | undefined;
  #judged = false;
  #closed = false;

  constructor(parts: CachedLoaderParts) {
    const { key, name, file, remote, store, turn, signal, warn } = parts;
    this.key = key;
    this.name = name;
    this.byteLength = remote?.byteLength ?? file?.byteLength ?? 0;
    this.#parts = parts;
    this.#file = file;
    this.#remote = remote;
    if (!file) {
      turn?.end();
      return;
    }
    const writer = new ChunkWriter(store, file, (error) => {
      // Others may have more luck with it.
      turn?.end();
      warn(error);
    });
    this.#writer = writer;
    if (!turn?.waits) return;
    const onStored = (indices: ReadonlySet<number>): void => writer.note(indices);
    const { pollMs = POLL_MS, patienceMs = PATIENCE_MS } = parts;
    this.#following = new Following({ store, file, turn, pollMs, patienceMs, onStored, signal });
  }

  get bytesFetched(): number {
    return this.#remote?.bytesFetched ?? 0;
  }

  get forwardOnly(): boolean {
    return this.#remote?.ranged === false;
  }

  /** Chunks that come are stored. */
  get keeps(): boolean {
    return this.#writer !== undefined && !this.#writer.failed;
  }

  /** The SHA-256 that the whole is yet to be compared with. */
  get unverified(): string | undefined {
    return this.#judged || this.#file?.verified ? undefined : (this.#parts.sha256 ?? this.#file?.sha256);
  }

  /** Another tab downloads it. */
  get follows(): boolean {
    return this.#following?.active ?? false;
  }

  /**
   * Waits for whoever downloads it to end; true when that one has verified it. Throws 'storage-error' when it has
   * dropped it.
   */
  async verifiedByOther(signal: AbortSignal | undefined): Promise<boolean> {
    if (!this.#following) return false;
    await abortable(this.#following.end(), signal);
    const { store, warn } = this.#parts;
    const now = await store.find(this.key).catch((error: unknown) => {
      warn(error);
      return this.#file;
    });
    if (now?.id === this.#file?.id) {
      this.#judged = now?.verified ?? false;
      return this.#judged;
    }
    throw new QuernError(
      'storage-error',
      `${this.name} was dropped from the cache while it was read from there, as its download by another tab failed; load the model again`,
    );
  }

  /** Throws 'corrupt-file' and drops what is stored unless this is the hash of the file. */
  async judge(actual: string): Promise<void> {
    const expected = this.unverified;
    if (!this.#file || expected === undefined) return;
    this.#judged = true;
    const { store, warn } = this.#parts;
    if (actual === expected) {
      await store.markVerified(this.#file).catch(warn);
      return;
    }
    await store.delete(this.key).catch(warn);
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
    const { store, signal, warn } = this.#parts;
    for (;;) {
      throwIfAborted(signal);
      if (this.#closed) throw new QuernError('aborted', `${this.name} was closed`);
      if (this.#file && (await this.#writer?.has(index))) {
        const bytes = await store.get(this.#file, index).catch(warn);
        if (bytes) return { bytes, from: 'cache' };
        // Damaged: whoever else downloads the file takes it for stored, so it is fetched here.
        this.#writer?.forget(index);
      } else if (this.#following?.active) {
        await this.#following.arrival(index);
        continue;
      }
      const bytes = await readChunk(await this.#network(index), index);
      return { bytes, from: 'network', stored: this.#writer?.write(index, bytes) };
    }
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

  // For a file that was there whole and turned out damaged, and for one that another tab did not finish.
  async #reopen(index: number): Promise<RemoteFile> {
    const { url, http, sha256, signal, store, warn } = this.#parts;
    const remote = await openRemote(url, http, rangeOf(index), signal);
    const { byteLength, validator } = remote;
    if (!this.#file || sameVersion(this.#file, { byteLength, validator, sha256 })) {
      this.#remote = remote;
      return remote;
    }
    remote.close();
    await store.delete(this.key).catch(warn);
    throw new QuernError(
      'network',
      `chunk ${index} of the cached ${this.name} is damaged or missing, and the server cannot replace it (its file is another version, or tells none); the cached copy was dropped, load the model again`,
    );
  }

  async flush(): Promise<void> {
    await this.#writer?.flush();
  }

  /** Nothing more will be downloaded: another tab may. */
  endTurn(): void {
    this.#parts.turn?.end();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#following?.stop();
    this.#remote?.close();
    await this.flush();
    this.endTurn();
  }
}
