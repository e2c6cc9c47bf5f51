// Puts chunks into a store while their reader already has them. A store that fails is left alone from then
// on: loading goes on without a cache, and `onWarning` hears of it once.
import type { QuernError } from '@quern/spec';
import type { ChunkStore, StoredFile } from '../chunk-stores/chunk-store.ts';
import { storedBytes } from '../chunk-stores/chunk-store.ts';
import { storageError } from '../chunk-stores/storage-error.ts';

/** Chunks written at once: a browser makes copies of each. The others wait, within the load's budget. */
const MAX_WRITING = 1;

export class ChunkWriter {
  readonly #store: ChunkStore;
  readonly #file: StoredFile;
  readonly #onFailure: (error: QuernError) => void;
  readonly #pending = new Map<number, Promise<void>>();
  /** Chunks known to be in the store. */
  readonly #stored: Set<number>;
  readonly #queue: Array<() => void> = [];
  #writing = 0;
  #failed = false;

  constructor(store: ChunkStore, file: StoredFile, onFailure: (error: QuernError) => void) {
    this.#store = store;
    this.#file = file;
    this.#onFailure = onFailure;
    this.#stored = new Set(file.stored);
  }

  get failed(): boolean {
    return this.#failed;
  }

  /** Of the chunks known to be in the store. */
  get storedBytes(): number {
    return storedBytes({ byteLength: this.#file.byteLength, stored: this.#stored });
  }

  /** Resolves when the chunk is stored or given up: until then `bytes` must not change. */
  write(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const known = this.#pending.get(index);
    if (known) return known;
    if (this.#failed || this.#stored.has(index)) return Promise.resolve();
    const written = this.#put(index, bytes);
    this.#pending.set(index, written);
    return written;
  }

  async #put(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#writing < MAX_WRITING) this.#writing += 1;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      if (this.#failed) return;
      await this.#store.put(this.#file, index, bytes);
      this.#stored.add(index);
    } catch (error) {
      if (!this.#failed) this.#onFailure(storageError(error, `storing ${this.#file.name}`));
      this.#failed = true;
    } finally {
      this.#pending.delete(index);
      // The place goes to the next in line.
      const next = this.#queue.shift();
      if (next) next();
      else this.#writing -= 1;
    }
  }

  /** Whether the chunk is in the store or on its way there. */
  willHave(index: number): boolean {
    return this.#stored.has(index) || this.#pending.has(index);
  }

  /** Whether the chunk should be in the store, once it is no longer on its way there. */
  async has(index: number): Promise<boolean> {
    await this.#pending.get(index);
    return this.#stored.has(index);
  }

  /** Others have stored these. */
  note(indices: Iterable<number>): void {
    for (const index of indices) this.#stored.add(index);
  }

  /** The chunk turned out to be missing or damaged. */
  forget(index: number): void {
    this.#stored.delete(index);
  }

  /** Resolves when everything taken so far is stored or given up. */
  async flush(): Promise<void> {
    await Promise.all(this.#pending.values());
  }
}
