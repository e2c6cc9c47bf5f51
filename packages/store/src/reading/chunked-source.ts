// A ByteSource over a file that comes in chunks, with read-ahead: the part that plain URLs and cached files
// share. Read-ahead begins when a reader has gone from one chunk to the next.
import type { ByteSource } from '@quern/spec';
import { QuernError, throwIfAborted } from '@quern/spec';
import { abortable } from './abortable.ts';
import type { ChunkPool, LoadedChunk } from './chunk-pool.ts';
import { CHUNK_BYTES, chunkCount, chunkLength } from '../chunk-stores/chunk-store.ts';

/** Chunks asked for beyond the one being read, by how many chunks in a row were read before it. */
const AHEAD = [0, 2, 4, 8];
export const MAX_AHEAD = Math.max(...AHEAD);
/** Reads of so much within one chunk are views of it; smaller ones are copies, lest they keep all of it alive. */
const VIEW_BYTES = 64 * 2 ** 10;

/** Where the chunks come from. */
export interface ChunkLoader {
  readonly name: string;
  readonly byteLength: number;
  readonly bytesFetched: number;
  /** Bytes that a store has. */
  readonly cachedBytes?: number;
  /** The network gives it from front to back alone. */
  readonly forwardOnly: boolean;
  /** Whether the chunk would have to come over the network. */
  fromNetwork(index: number): boolean;
  load(index: number): Promise<LoadedChunk & { from: 'network' | 'cache' }>;
  /** Ends what is under way and lets go of everything. */
  close(): Promise<void>;
}

export class ChunkedSource implements ByteSource {
  readonly name: string;
  readonly byteLength: number;
  origin: 'network' | 'cache' = 'cache';
  readsAhead = true;
  readonly #loader: ChunkLoader;
  readonly #pool: ChunkPool;
  #last = -1;
  #run = 0;
  #closed = false;

  /** `start`: the chunk to load at once, because its bytes are already on their way. */
  constructor(loader: ChunkLoader, pool: ChunkPool, start?: number) {
    this.name = loader.name;
    this.byteLength = loader.byteLength;
    this.#loader = loader;
    this.#pool = pool;
    // As wanted: what has begun to come holds a connection until it is read.
    if (start !== undefined) void this.fetch(start, true);
  }

  get bytesFetched(): number {
    return this.#loader.bytesFetched;
  }

  get cachedBytes(): number {
    return this.#loader.cachedBytes ?? 0;
  }

  get forwardOnly(): boolean {
    return this.#loader.forwardOnly;
  }

  /** The signal ends this read; chunks under way go on for later reads, until `close`. */
  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    throwIfAborted(signal);
    checkRange(this, offset, length);
    const end = offset + length;
    const first = Math.floor(offset / CHUNK_BYTES);
    if (length >= VIEW_BYTES && end <= (first + 1) * CHUNK_BYTES) {
      const at = offset - first * CHUNK_BYTES;
      return (await this.#chunk(first, first, signal)).subarray(at, at + length);
    }
    const out = new Uint8Array(length);
    for (let at = offset; at < end;) {
      const index = Math.floor(at / CHUNK_BYTES);
      const base = index * CHUNK_BYTES;
      const stop = Math.min(end, base + CHUNK_BYTES);
      const chunk = await this.#chunk(index, Math.floor((end - 1) / CHUNK_BYTES), signal);
      out.set(chunk.subarray(at - base, stop - base), at - offset);
      at = stop;
    }
    return out;
  }

  #chunk(index: number, lastNeeded: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    if (this.#closed) throw new QuernError('aborted', `${this.name} was closed`);
    if (index !== this.#last) {
      this.#run = index === this.#last + 1 && this.#last >= 0 ? this.#run + 1 : 0;
      if (this.#run === 0) this.#pool.stray(this, index, index + MAX_AHEAD);
    }
    this.#last = index;
    const depth = !this.readsAhead ? 0 : (AHEAD[Math.min(this.#run, AHEAD.length - 1)] ?? 0);
    const wanted = this.fetch(index, true);
    const until = Math.min(
      chunkCount(this.byteLength) - 1,
      Math.max(index + depth, Math.min(lastNeeded, index + MAX_AHEAD)),
    );
    for (let ahead = index + 1; ahead <= until; ahead++) void this.fetch(ahead, false);
    return abortable(wanted, signal);
  }

  /** A chunk if it is in memory; see ChunkPool.hold. */
  hold(index: number): ReturnType<ChunkPool['hold']> {
    return this.#pool.hold(this, index);
  }

  /** A chunk. `wanted`: see ChunkPool.get. */
  fetch(index: number, wanted: boolean): Promise<Uint8Array> {
    return this.#pool.get(this, index, wanted, () => ({
      byteLength: chunkLength(this.byteLength, index),
      fromNetwork: () => this.#loader.fromNetwork(index),
      load: async () => {
        if (this.#closed) throw new QuernError('aborted', `${this.name} was closed`);
        const loaded = await this.#loader.load(index);
        this.origin = loaded.from;
        return loaded;
      },
    }));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#pool.drop(this);
    await this.#loader.close();
  }
}

/** Throws 'corrupt-file' unless bytes [offset, offset + length) lie in the file. */
export function checkRange(file: { name: string; byteLength: number }, offset: number, length: number): void {
  const sound = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (sound && offset + length <= file.byteLength) return;
  throw new QuernError(
    'corrupt-file',
    `${file.name} has ${file.byteLength} bytes, but ${length} bytes at ${offset} are needed: it is cut short or damaged`,
  );
}
