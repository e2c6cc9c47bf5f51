// The store as one load sees it: knows which files it is about and what they lack, and asks for room before anything
// is kept. Where there is none nothing more is kept, so that a model that does not fit whole does not fill the storage
// with its beginning.
import { QuernError } from '@quern/spec';
import type { ChunkStore, FileInfo, StoredFile } from '../chunk-stores/chunk-store.ts';
import { storedBytes } from '../chunk-stores/chunk-store.ts';

export interface LoadStoreOptions {
  /** Hears the key of each file. */
  onOpen?: (key: string) => void;
  /** Resolves to why there is no room for what the files lack, undefined where there is. Never rejects. */
  room: (load: LoadStore) => Promise<QuernError | undefined>;
  /** Asked once when the storage turns out to be full all the same: whether room was made for so many bytes. */
  onFull?: (load: LoadStore, bytes: number) => Promise<boolean>;
  /** How long the storage may take to notice what was deleted, in steps; browsers clean up behind. */
  settleMs?: readonly number[];
  /** The files are only looked at: that is no use of them. */
  peek?: boolean | undefined;
}

const SETTLE_MS = [0, 200, 1000, 3000];

function isFull(error: unknown): error is QuernError {
  return QuernError.is(error) && error.code === 'storage-full';
}

export class LoadStore implements ChunkStore {
  readonly #store: ChunkStore;
  readonly #options: LoadStoreOptions;
  readonly #keys = new Set<string>();
  #missing = 0;
  /** The answer for so many files; more files, another question. */
  #asked = 0;
  #answer: Promise<QuernError | undefined> = Promise.resolve(undefined);
  #made: Promise<boolean> | undefined;

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
    const asked = this.#options.peek ? { ...info, peek: true } : info;
    const file = await this.#whereFull(() => this.#store.open(asked), info.byteLength);
    if (this.#keys.has(file.key)) return file;
    this.#keys.add(file.key);
    this.#missing += file.byteLength - storedBytes(file);
    this.#options.onOpen?.(file.key);
    return file;
  }

  async put(file: StoredFile, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const refusal = await this.#room();
    if (refusal) throw refusal;
    await this.#whereFull(() => this.#store.put(file, index, bytes), this.#missing);
    this.#missing -= bytes.length;
  }

  /** Browsers do not tell how much room there really is: the write that fails does. `missing` bytes are to come. */
  async #whereFull<T>(write: () => Promise<T>, missing: number): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!isFull(error)) throw error;
      let failure = error;
      this.#made ??= this.#options.onFull?.(this, missing) ?? Promise.resolve(false);
      if (await this.#made) {
        for (const ms of this.#options.settleMs ?? SETTLE_MS) {
          await new Promise((resolve) => setTimeout(resolve, ms));
          try {
            return await write();
          } catch (again) {
            if (!isFull(again)) throw again;
            failure = again;
          }
        }
      }
      const told = `${failure.message}; ${(missing / 1e6).toFixed(1)} MB of the model are not kept`;
      throw new QuernError('storage-full', told, { cause: failure });
    }
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
