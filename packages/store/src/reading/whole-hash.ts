// The SHA-256 of a whole file (FIPS 180-4), taken in file order while its chunks pass: Web Crypto cannot do it in
// steps. It follows the reader: it takes a chunk from memory while it is held there, else from where it is kept.
import { sha256 } from '@noble/hashes/sha2.js';
import { throwIfAborted } from '@quern/spec';

/** Bytes hashed at once, some milliseconds' worth: then others have a turn. */
const PIECE_BYTES = 2 ** 20;

export interface HeldChunk {
  bytes: Promise<Uint8Array>;
  /** To be called when they are no longer looked at. */
  done(): void;
}

export interface Chunks {
  readonly count: number;
  /** A chunk if it is in memory. */
  hold(index: number): HeldChunk | undefined;
  /** Whether it can be had without the network. */
  isKept(index: number): boolean;
  /** Brings it into memory; `wanted` at once, else when there is room. */
  fetch(index: number, wanted: boolean): Promise<Uint8Array>;
}

export class WholeHash {
  readonly #chunks: Chunks;
  readonly #hash = sha256.create();
  #next = 0;
  #following: Promise<void> | undefined;
  #finishing = false;
  #stopped = false;

  constructor(chunks: Chunks) {
    this.#chunks = chunks;
  }

  /** A chunk came: goes on from where it is as far as it can. */
  follow(): void {
    if (this.#following || this.#finishing || this.#stopped) return;
    this.#following = this.#follow().finally(() => (this.#following = undefined));
    // A chunk that cannot be had is asked for again by `finish`.
    this.#following.catch(() => undefined);
  }

  async #follow(): Promise<void> {
    while (this.#next < this.#chunks.count && !this.#finishing && !this.#stopped) {
      const held = this.#chunks.hold(this.#next);
      if (held) await this.#take(held.bytes, held.done);
      // It was pushed out of memory before its turn.
      else if (this.#chunks.isKept(this.#next)) await this.#chunks.fetch(this.#next, false);
      else return;
    }
  }

  async #take(bytes: Promise<Uint8Array>, done?: () => void): Promise<void> {
    try {
      const chunk = await bytes;
      for (let at = 0; at < chunk.length && !this.#stopped; at += PIECE_BYTES) {
        this.#hash.update(chunk.subarray(at, at + PIECE_BYTES));
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      this.#next += 1;
    } finally {
      done?.();
    }
  }

  /** The digest in hex, once every chunk was hashed. Throws what `fetch` throws, 'aborted'. */
  async finish(signal?: AbortSignal): Promise<string> {
    this.#finishing = true;
    // What `follow` waits for comes now.
    if (this.#next < this.#chunks.count) void this.#chunks.fetch(this.#next, true).catch(() => undefined);
    await this.#following?.catch(() => undefined);
    while (this.#next < this.#chunks.count) {
      throwIfAborted(signal);
      const bytes = this.#chunks.fetch(this.#next, true);
      await bytes;
      await this.#take(bytes, this.#chunks.hold(this.#next)?.done);
    }
    return Array.from(this.#hash.digest(), (byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  /** It is not wanted any more. */
  stop(): void {
    this.#stopped = true;
  }
}
