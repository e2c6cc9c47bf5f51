// The chunk store of browsers: one IndexedDB record a chunk, with the SHA-256 it was stored with.
// The bytes are a Blob: browsers keep those as files beside the database, so that neither writing nor reading passes
// them through the page's memory more than once (a third less memory and time than for typed arrays in Chromium).
// A chunk and the check that its file is still the current version share one transaction, so tabs that
// load the same model at once cannot mix two versions of it.
import type { DBSchema, IDBPDatabase } from 'idb';
import { openDB } from 'idb';
import type { ChunkStore, FileInfo, StoredFile } from './chunk-store.ts';
import { chunkLength } from './chunk-store.ts';
import { sameBytes, sha256 } from './digest.ts';
import { guardStorage, storageError } from './storage-error.ts';
import type { FileRow } from './stored-file.ts';
import {
  checkChunkLength,
  nextRow,
  parseRow,
  replacedMeanwhile,
  toStoredFile,
  withoutMark,
} from './stored-file.ts';

/** Raise with a step in `upgrade` whenever the stored form changes. */
export const SCHEMA_VERSION = 2;
const DATABASE_NAME = 'quern-models';

interface ChunkRow {
  digest: Uint8Array<ArrayBuffer>;
  /** Typed arrays come from version 1, and from private windows that store no Blobs (WebKit). */
  bytes: Blob | Uint8Array<ArrayBuffer>;
}

interface Schema extends DBSchema {
  files: { key: string; value: FileRow };
  /** Key: file id, chunk index. */
  chunks: { key: [string, number]; value: ChunkRow };
}

type Database = IDBPDatabase<Schema>;

export interface IndexedDbOptions {
  databaseName?: string;
}

/** Throws 'storage-error' where IndexedDB is missing or refused (some private windows). */
export async function openIndexedDbChunkStore(options: IndexedDbOptions = {}): Promise<ChunkStore> {
  const store = new IndexedDbChunkStore(options.databaseName ?? DATABASE_NAME);
  await store.list();
  return store;
}

class IndexedDbChunkStore implements ChunkStore {
  readonly #name: string;
  #database: Promise<Database> | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  // Opened on use: the browser may close it (storage cleared, another tab wants to upgrade).
  #open(): Promise<Database> {
    if (this.#database) return this.#database;
    const forget = (): void => {
      this.#database = undefined;
    };
    const opening = openDB<Schema>(this.#name, SCHEMA_VERSION, {
      upgrade(database, oldVersion) {
        if (oldVersion < 1) {
          database.createObjectStore('files', { keyPath: 'key' });
          database.createObjectStore('chunks');
        }
        // Version 2 writes Blobs; what version 1 wrote is read as it is.
      },
      blocking(_current, _blocked, event) {
        forget();
        (event.target as IDBDatabase).close();
      },
      terminated: forget,
    });
    this.#database = opening;
    opening.catch(forget);
    return opening;
  }

  open(info: FileInfo): Promise<StoredFile> {
    return guardStorage(`opening the cache record of ${info.name}`, async () => {
      const transaction = (await this.#open()).transaction(['files', 'chunks'], 'readwrite');
      const files = transaction.objectStore('files');
      const chunks = transaction.objectStore('chunks');
      const old = parseRow(await files.get(info.key));
      const { row, replaced } = nextRow(info, old);
      if (old && replaced) await chunks.delete(chunksOf(old.id));
      await files.put(row);
      const keys = await chunks.getAllKeys(chunksOf(row.id));
      await transaction.done;
      return toStoredFile(
        row,
        keys.map(([, index]) => index),
      );
    });
  }

  find(key: string): Promise<StoredFile | undefined> {
    return guardStorage('looking into the model cache', async () => {
      const database = await this.#open();
      const row = parseRow(await database.get('files', key));
      return row && this.#describe(database, row);
    });
  }

  async #describe(database: Database, row: FileRow): Promise<StoredFile> {
    const keys = await database.getAllKeys('chunks', chunksOf(row.id));
    return toStoredFile(
      row,
      keys.map(([, index]) => index),
    );
  }

  get(file: StoredFile, index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return guardStorage(`reading chunk ${index} of ${file.name} from the cache`, async () => {
      const database = await this.#open();
      const row = await database.get('chunks', [file.id, index]);
      if (row === undefined) return undefined;
      const bytes = await soundBytes(row, chunkLength(file.byteLength, index));
      if (bytes) return bytes;
      const transaction = database.transaction(['files', 'chunks'], 'readwrite');
      await transaction.objectStore('chunks').delete([file.id, index]);
      const { verified, ...current } = (await transaction.objectStore('files').get(file.key)) ?? {};
      if (verified && 'id' in current && current.id === file.id) {
        await transaction.objectStore('files').put(current);
      }
      await transaction.done;
      return undefined;
    });
  }

  markVerified(file: StoredFile): Promise<void> {
    const what = `marking ${file.name} as verified`;
    return guardStorage(what, async () => {
      const transaction = (await this.#open()).transaction('files', 'readwrite');
      const current = await transaction.store.get(file.key);
      if (current?.id === file.id) await transaction.store.put({ ...current, verified: true });
      await transaction.done;
      if (current?.id !== file.id) throw replacedMeanwhile(what);
    });
  }

  async put(file: StoredFile, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    checkChunkLength(file, index, bytes.length);
    const what = `storing chunk ${index} of ${file.name}`;
    const digest = await sha256(bytes);
    await guardStorage(what, () =>
      this.#write(file, index, { digest, bytes: new Blob([bytes]) }, what).catch((error: unknown) => {
        if (!refusesBlobs(error)) throw error;
        // A view of a larger buffer would store all of the buffer.
        return this.#write(file, index, { digest, bytes: bytes.slice() }, what);
      }),
    );
  }

  async #write(file: StoredFile, index: number, row: ChunkRow, what: string): Promise<void> {
    const transaction = (await this.#open()).transaction(['files', 'chunks'], 'readwrite');
    // `done` rejects with the same failure; whichever is awaited first tells it.
    const done = transaction.done;
    done.catch(() => undefined);
    const current = await transaction.objectStore('files').get(file.key);
    if (current?.id !== file.id) {
      throw replacedMeanwhile(what);
    }
    try {
      await transaction.objectStore('chunks').put(row, [file.id, index]);
    } catch (error) {
      // A transaction that found no room fails its requests with a bare AbortError.
      throw refusesBlobs(error) ? error : storageError(transaction.error ?? error, what);
    }
    await done;
  }

  list(): Promise<StoredFile[]> {
    return guardStorage('listing the model cache', async () => {
      const database = await this.#open();
      const rows = (await database.getAll('files')).map(parseRow).filter((row) => row !== undefined);
      return Promise.all(rows.map((row) => this.#describe(database, row)));
    });
  }

  unmark(key: string, ref: string): Promise<void> {
    return guardStorage('deleting a cached model', async () => {
      const transaction = (await this.#open()).transaction('files', 'readwrite');
      const row = parseRow(await transaction.store.get(key));
      if (row) await transaction.store.put(withoutMark(row, ref));
      await transaction.done;
    });
  }

  delete(key: string): Promise<void> {
    return guardStorage('deleting a cached model', async () => {
      const transaction = (await this.#open()).transaction(['files', 'chunks'], 'readwrite');
      const row = await transaction.objectStore('files').get(key);
      if (row) {
        await transaction.objectStore('chunks').delete(chunksOf(row.id));
        await transaction.objectStore('files').delete(key);
      }
      await transaction.done;
    });
  }

  async close(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    (await database?.catch(() => undefined))?.close();
  }
}

function chunksOf(id: string): IDBKeyRange {
  return IDBKeyRange.bound([id, 0], [id, Infinity]);
}

/** Chromium and Firefox say the one where they cannot keep a Blob, WebKit's private windows the other. */
function refusesBlobs(error: unknown): boolean {
  return error instanceof DOMException && /^(DataCloneError|UnknownError)$/.test(error.name);
}

/** The bytes of a chunk, undefined if they are not what was stored. */
async function soundBytes(
  { bytes: stored, digest }: Partial<ChunkRow>,
  expectedLength: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (!(stored instanceof Blob || stored instanceof Uint8Array) || !(digest instanceof Uint8Array))
    return undefined;
  const length = stored instanceof Blob ? stored.size : stored.length;
  if (length !== expectedLength) return undefined;
  const bytes = stored instanceof Blob ? new Uint8Array(await stored.arrayBuffer()) : stored;
  return sameBytes(await sha256(bytes), digest) ? bytes : undefined;
}
