// The chunk store of browsers: one IndexedDB record a chunk, with the SHA-256 it was stored with.
// The bytes are a Blob: browsers keep those as files beside the database, so that neither writing nor reading passes
// them through the page's memory more than once (a third less memory and time than for typed arrays in Chromium).
// A chunk and the check that its file is still the current version share one transaction, so tabs that
// load the same model at once cannot mix two versions of it.
import type { QuernError } from '@quern/spec';
import type { DBSchema, IDBPDatabase, IDBPObjectStore, OpenDBCallbacks } from 'idb';
import type { ChunkStore, FileInfo, StoredFile } from './chunk-store.ts';
import { chunkLength } from './chunk-store.ts';
import { sameBytes, sha256 } from './digest.ts';
import { openDatabase, PATIENCE_MS } from './open-database.ts';
import { guardStorage } from './storage-error.ts';
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
type Stores = ['files', 'chunks'];
type Files = IDBPObjectStore<Schema, Stores, 'files', 'readwrite'>;
type Chunks = IDBPObjectStore<Schema, Stores, 'chunks', 'readwrite'>;

export interface IndexedDbOptions {
  databaseName?: string;
  /** How long the browser may take to open the database. */
  patienceMs?: number;
}

/** Throws 'storage-error' where IndexedDB is missing or refused (some private windows). */
export async function openIndexedDbChunkStore(options: IndexedDbOptions = {}): Promise<ChunkStore> {
  const { databaseName = DATABASE_NAME, patienceMs = PATIENCE_MS } = options;
  const store = new IndexedDbChunkStore(databaseName, patienceMs);
  await store.list();
  return store;
}

class IndexedDbChunkStore implements ChunkStore {
  readonly #name: string;
  readonly #patienceMs: number;
  #database: Promise<Database> | undefined;

  constructor(name: string, patienceMs: number) {
    this.#name = name;
    this.#patienceMs = patienceMs;
  }

  // Opened on use: the browser may close it (storage cleared, another tab wants to upgrade).
  #open(): Promise<Database> {
    if (this.#database) return this.#database;
    const forget = (): void => {
      if (this.#database === opening) this.#database = undefined;
    };
    const callbacks: OpenDBCallbacks<Schema> = {
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
    };
    const opening = openDatabase(this.#name, SCHEMA_VERSION, callbacks, this.#patienceMs);
    this.#database = opening;
    opening.catch(forget);
    return opening;
  }

  /** Once more where the connection was closed under the work: what it does may be done twice. */
  #use<T>(what: string, work: (database: Database) => Promise<T>): Promise<T> {
    return guardStorage(what, async () => {
      const opening = this.#open();
      const database = await opening;
      try {
        return await work(database);
      } catch (error) {
        if (this.#database === opening) throw error;
        return work(await this.#open());
      }
    });
  }

  /** In one transaction: all of it is done or nothing. */
  #change<T>(what: string, work: (files: Files, chunks: Chunks) => Promise<T>): Promise<T> {
    return this.#use(what, async (database) => {
      const transaction = database.transaction(['files', 'chunks'], 'readwrite');
      // It rejects with the same as what is awaited before it.
      transaction.done.catch(() => undefined);
      try {
        const result = await work(transaction.objectStore('files'), transaction.objectStore('chunks'));
        await transaction.done;
        return result;
      } catch (error) {
        // One that found no room fails its requests with a bare AbortError.
        throw refusesBlobs(error) ? error : (transaction.error ?? error);
      }
    });
  }

  open(info: FileInfo): Promise<StoredFile> {
    return this.#change(`opening the cache record of ${info.name}`, async (files, chunks) => {
      const old = parseRow(await files.get(info.key));
      const { row, replaced } = nextRow(info, old);
      if (old && replaced) await chunks.delete(chunksOf(old.id));
      await files.put(row);
      const keys = await chunks.getAllKeys(chunksOf(row.id));
      return toStoredFile(
        row,
        keys.map(([, index]) => index),
      );
    });
  }

  find(key: string): Promise<StoredFile | undefined> {
    return this.#use('looking into the model cache', async (database) => {
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

  async get(file: StoredFile, index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const what = `reading chunk ${index} of ${file.name} from the cache`;
    const row = await this.#use(what, (database) => database.get('chunks', [file.id, index]));
    if (row === undefined) return undefined;
    const bytes = await guardStorage(what, () => soundBytes(row, chunkLength(file.byteLength, index)));
    if (bytes) return bytes;
    await this.#change(what, async (files, chunks) => {
      await chunks.delete([file.id, index]);
      const { verified, ...current } = (await files.get(file.key)) ?? {};
      if (verified && 'id' in current && current.id === file.id) await files.put(current);
    });
    return undefined;
  }

  markVerified(file: StoredFile): Promise<void> {
    const what = `marking ${file.name} as verified`;
    return this.#change(what, async (files) => {
      const current = await files.get(file.key);
      if (current?.id !== file.id) throw replacedMeanwhile(what);
      await files.put({ ...current, verified: true });
    });
  }

  async put(file: StoredFile, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    checkChunkLength(file, index, bytes.length);
    const what = `storing chunk ${index} of ${file.name}`;
    const digest = await sha256(bytes);
    const write = (stored: ChunkRow['bytes']): Promise<void> =>
      this.#change(what, async (files, chunks) => {
        const current = await files.get(file.key);
        if (current?.id !== file.id) throw replacedMeanwhile(what);
        await chunks.put({ digest, bytes: stored }, [file.id, index]);
      });
    try {
      await write(new Blob([bytes]));
    } catch (error) {
      if (!refusesBlobs((error as QuernError).cause)) throw error;
      // A view of a larger buffer would store all of the buffer.
      await write(bytes.slice());
    }
  }

  list(): Promise<StoredFile[]> {
    return this.#use('listing the model cache', async (database) => {
      const rows = (await database.getAll('files')).map(parseRow).filter((row) => row !== undefined);
      return Promise.all(rows.map((row) => this.#describe(database, row)));
    });
  }

  unmark(key: string, ref: string): Promise<void> {
    return this.#change('deleting a cached model', async (files) => {
      const row = parseRow(await files.get(key));
      if (row) await files.put(withoutMark(row, ref));
    });
  }

  delete(key: string): Promise<void> {
    return this.#change('deleting a cached model', async (files, chunks) => {
      const row = await files.get(key);
      if (!row) return;
      await chunks.delete(chunksOf(row.id));
      await files.delete(key);
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
