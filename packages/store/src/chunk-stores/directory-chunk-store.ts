// The chunk store of Node: a folder a file, named by the SHA-256 of its key. In it `file.json` (the record)
// and a folder per version with one file a chunk: 32 bytes SHA-256, then the bytes. Everything is written
// under a temporary name and renamed, so a crash leaves a chunk whole or absent.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChunkStore, FileInfo, StoredFile } from './chunk-store.ts';
import { chunkLength } from './chunk-store.ts';
import { sameBytes, sha256 } from './digest.ts';
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

const DIGEST_BYTES = 32;
const RECORD = 'file.json';
/** A temporary file older than this was left by a process that died. */
const STALE_MS = 3600_000;

/** `path` is created if it is absent. Throws 'storage-error' when it cannot be. */
export async function openDirectoryChunkStore(path: string): Promise<ChunkStore> {
  await guardStorage(`creating the model cache ${path}`, () => mkdir(path, { recursive: true }));
  return new DirectoryChunkStore(path);
}

class DirectoryChunkStore implements ChunkStore {
  readonly #root: string;
  /** Records are read and rewritten one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(root: string) {
    this.#root = root;
  }

  #folder(key: string): string {
    return join(this.#root, createHash('sha256').update(key).digest('hex').slice(0, 40));
  }

  #chunk(file: StoredFile, index: number): string {
    return join(this.#folder(file.key), file.id, `${index}.chunk`);
  }

  #inTurn<T>(what: string, work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => guardStorage(what, work));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  open(info: FileInfo): Promise<StoredFile> {
    return this.#inTurn(`opening the cache record of ${info.name}`, async () => {
      const folder = this.#folder(info.key);
      const old = await readRow(folder);
      const { row } = nextRow(info, old);
      // Processes that open the same version at once, without a lock, must agree on its folder.
      if (row.id !== old?.id) row.id = versionId(info) ?? row.id;
      await mkdir(join(folder, row.id), { recursive: true });
      await this.#writeRow(folder, row);
      await sweep(folder, row.id);
      return describe(folder, row);
    });
  }

  find(key: string): Promise<StoredFile | undefined> {
    return guardStorage('looking into the model cache', async () => {
      const folder = this.#folder(key);
      const row = await readRow(folder);
      return row?.key === key ? describe(folder, row) : undefined;
    });
  }

  get(file: StoredFile, index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return guardStorage(`reading chunk ${index} of ${file.name} from the cache`, async () => {
      const path = this.#chunk(file, index);
      const expected = DIGEST_BYTES + chunkLength(file.byteLength, index);
      const size = (await unlessAbsent(stat(path)))?.size;
      if (size === undefined) return undefined;
      const content = size === expected ? await unlessAbsent(readFile(path)) : undefined;
      if (content?.length === expected) {
        const bytes = new Uint8Array(content.buffer as ArrayBuffer, content.byteOffset, content.length);
        const chunk = bytes.subarray(DIGEST_BYTES);
        if (sameBytes(await sha256(chunk), bytes.subarray(0, DIGEST_BYTES))) return chunk;
      }
      await rm(path, { force: true });
      await this.#setVerified(file, false);
      return undefined;
    });
  }

  async markVerified(file: StoredFile): Promise<void> {
    if (!(await this.#setVerified(file, true))) throw replacedMeanwhile(`marking ${file.name} as verified`);
  }

  /** False when this version is no longer there. */
  #setVerified(file: StoredFile, verified: boolean): Promise<boolean> {
    return this.#inTurn(`noting whether ${file.name} is verified`, async () => {
      const folder = this.#folder(file.key);
      const row = await readRow(folder);
      if (row?.id !== file.id) return false;
      if ((row.verified ?? false) === verified) return true;
      const { verified: _, ...rest } = row;
      await this.#writeRow(folder, verified ? { ...rest, verified } : rest);
      return true;
    });
  }

  async put(file: StoredFile, index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    checkChunkLength(file, index, bytes.length);
    const digest = await sha256(bytes);
    // The version's folder is gone when the file was deleted or replaced: then this fails, as it should.
    await guardStorage(`storing chunk ${index} of ${file.name}`, () =>
      this.#writeWhole(this.#chunk(file, index), [digest, bytes]),
    );
  }

  #writeRow(folder: string, row: FileRow): Promise<void> {
    return this.#writeWhole(join(folder, RECORD), [new TextEncoder().encode(JSON.stringify(row))]);
  }

  async #writeWhole(path: string, parts: Uint8Array[]): Promise<void> {
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      const handle = await open(temporary, 'wx');
      try {
        for (const part of parts) await handle.writeFile(part);
      } finally {
        await handle.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  list(): Promise<StoredFile[]> {
    return guardStorage('listing the model cache', async () => {
      const files: StoredFile[] = [];
      for (const entry of await readdir(this.#root)) {
        const folder = join(this.#root, entry);
        const row = await readRow(folder);
        if (row && this.#folder(row.key) === folder) files.push(await describe(folder, row));
      }
      return files;
    });
  }

  unmark(key: string, ref: string): Promise<void> {
    return this.#inTurn('deleting a cached model', async () => {
      const folder = this.#folder(key);
      const row = await readRow(folder);
      if (row) await this.#writeRow(folder, withoutMark(row, ref));
    });
  }

  delete(key: string): Promise<void> {
    return this.#inTurn('deleting a cached model', () =>
      rm(this.#folder(key), { recursive: true, force: true }),
    );
  }

  async close(): Promise<void> {
    await this.#turn;
  }
}

function versionId({ validator, sha256, byteLength }: FileInfo): string | undefined {
  const version = sha256 ?? validator;
  if (version === undefined) return undefined;
  return createHash('sha256').update(`${byteLength} ${version}`).digest('hex').slice(0, 36);
}

async function readRow(folder: string): Promise<FileRow | undefined> {
  const text = await unlessAbsent(readFile(join(folder, RECORD), 'utf8'));
  if (text === undefined) return undefined;
  try {
    return parseRow(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function describe(folder: string, row: FileRow): Promise<StoredFile> {
  const names = (await unlessAbsent(readdir(join(folder, row.id)))) ?? [];
  const indices = names.map((name) => /^(\d+)\.chunk$/.exec(name)?.[1]).filter((text) => text !== undefined);
  return toStoredFile(row, indices.map(Number));
}

/** Removes other versions, and temporary files that a process left when it died. */
async function sweep(folder: string, id: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    if (entry === id || entry === RECORD) continue;
    if (!entry.endsWith('.tmp')) await rm(join(folder, entry), { recursive: true, force: true });
    else await removeStale(join(folder, entry));
  }
  for (const entry of (await unlessAbsent(readdir(join(folder, id)))) ?? []) {
    if (entry.endsWith('.tmp')) await removeStale(join(folder, id, entry));
  }
}

async function removeStale(path: string): Promise<void> {
  const found = await unlessAbsent(stat(path));
  if (found && Date.now() - found.mtimeMs > STALE_MS) await rm(path, { force: true });
}

async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
