// Puts chunks into a store while their reader already has them. A store that fails is left alone from then
// on: loading goes on without a cache, and `onWarning` hears of it once.
import type { QuernError } from '@quern/spec';
import type { ChunkStore, StoredFile } from './chunk-store.ts';
import { storedBytes } from './chunk-store.ts';
import { storageError } from './storage-error.ts';

/** Chunks on their way to the store at once. */
const MAX_PENDING = 2;

export class ChunkWriter {
  readonly #store: ChunkStore;
  readonly #file: StoredFile;
  readonly #onFailure: (error: QuernError) => void;
  readonly #pending = new Map<number, Promise<void>>();
  /** Chunks known to be in the store. */
  readonly #stored: Set<number>;
  #failed = false;

  constructor(store: ChunkStore, file: StoredFile, onFailure: (error: QuernError) => void) {
    this.#store = store;
    this.#file = file;
    this.#onFailure = onFailure;
    this.#stored = new Set(file.stored);
  }

  /** Of the chunks known to be in the store. */
  get storedBytes(): number {
    return storedBytes({ byteLength: this.#file.byteLength, stored: this.#stored });
  }

  /** Resolves when the chunk is taken (not yet stored). `bytes` must not change. */
  async write(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    while (this.#pending.size >= MAX_PENDING) await Promise.race(this.#pending.values());
    if (this.#failed || this.#stored.has(index) || this.#pending.has(index)) return;
    this.#pending.set(index, this.#put(index, bytes));
  }

  async #put(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      await this.#store.put(this.#file, index, bytes);
      this.#stored.add(index);
    } catch (error) {
      if (!this.#failed) this.#onFailure(storageError(error, `storing ${this.#file.name}`));
      this.#failed = true;
    } finally {
      this.#pending.delete(index);
    }
  }

  /** Whether the chunk should be in the store, once it is no longer on its way there. */
  async has(index: number): Promise<boolean> {
    await this.#pending.get(index);
    return this.#stored.has(index);
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
