// The store as one load sees it: knows which files it is about and what they lack, and asks for room before anything
// is kept. Where there is none nothing more is kept, so that a model that does not fit whole does not fill the storage
// with its beginning.
import type { QuernError } from '@quern/spec';
import type { ChunkStore, FileInfo, StoredFile } from './chunk-store.ts';
import { storedBytes } from './chunk-store.ts';

export interface LoadStoreOptions {
  /** Hears the key of each file. */
  onOpen?: (key: string) => void;
  /** Resolves to why there is no room for what the files lack, undefined where there is. Never rejects. */
  room: (load: LoadStore) => Promise<QuernError | undefined>;
  /** The files are only looked at: that is no use of them. */
  peek?: boolean | undefined;
}

export class LoadStore implements ChunkStore {
  readonly #store: ChunkStore;
  readonly #options: LoadStoreOptions;
  readonly #keys = new Set<string>();
  #missing = 0;
  /** The answer for so many files; more files, another question. */
  #asked = 0;
  #answer: Promise<QuernError | undefined> = Promise.resolve(undefined);

  constructor(store: ChunkStore, options: LoadStoreOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Of the files that were opened. */
  get keys(): ReadonlySet<string> {
    return this.#keys;
  }

  /** Bytes that the files lack. */
  get missingBytes(): number {
    return this.#missing;
  }

  async open(info: FileInfo): Promise<StoredFile> {
    const file = await this.#store.open(this.#options.peek ? { ...info, peek: true } : info);
    if (this.#keys.has(file.key)) return file;
    this.#keys.add(file.key);
    this.#missing += file.byteLength - storedBytes(file);
    this.#options.onOpen?.(file.key);
    return file;
  }

  async put(file: StoredFile, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const refusal = await this.#room();
    if (refusal) throw refusal;
    await this.#store.put(file, index, bytes);
    this.#missing -= bytes.length;
  }

  #room(): Promise<QuernError | undefined> {
    if (this.#asked < this.#keys.size) {
      this.#asked = this.#keys.size;
      this.#answer = this.#answer.then((refusal) => refusal ?? this.#options.room(this));
    }
    return this.#answer;
  }

  find(key: string): Promise<StoredFile | undefined> {
    return this.#store.find(key);
  }

  get(file: StoredFile, index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#store.get(file, index);
  }

  markVerified(file: StoredFile): Promise<void> {
    return this.#store.markVerified(file);
  }

  list(): Promise<StoredFile[]> {
    return this.#store.list();
  }

  unmark(key: string, ref: string): Promise<void> {
    return this.#store.unmark(key, ref);
  }

  delete(key: string): Promise<void> {
    return this.#store.delete(key);
  }

  /** The store behind it stays open: others use it. */
  async close(): Promise<void> {}
}
