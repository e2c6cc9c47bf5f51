// The persistent form of a file record, and the decisions about it that every store shares.
import type { FileInfo, ModelRefMark, StoredFile, Version } from './chunk-store.ts';
import { CHUNK_BYTES, chunkCount, chunkLength, sameVersion } from './chunk-store.ts';
import { QuernError } from '@quern/spec';

/** As written to disk: plain JSON-safe data. */
export interface FileRow {
  key: string;
  id: string;
  name: string;
  byteLength: number;
  chunkBytes: number;
  validator?: string;
  sha256?: string;
  verified?: true;
  marks: ModelRefMark[];
  lastUsed: number;
}

/** The row that `info` leads to, given the one that is there; `replaced` when the old chunks must go. */
export function nextRow(info: FileInfo, old: FileRow | undefined): { row: FileRow; replaced: boolean } {
  const keep = old !== undefined && sameVersion(versionOf(old), info) !== false;
  const marks = keep ? old.marks.filter((mark) => mark.ref !== info.mark?.ref) : [];
  if (info.mark) marks.push(info.mark);
  const row: FileRow = {
    key: info.key,
    id: keep ? old.id : crypto.randomUUID(),
    name: info.name,
    byteLength: info.byteLength,
    chunkBytes: CHUNK_BYTES,
    marks,
    lastUsed: keep && info.peek ? old.lastUsed : Date.now(),
  };
  if (info.validator !== undefined) row.validator = info.validator;
  const sha256 = info.sha256 ?? (keep ? old.sha256 : undefined);
  if (sha256 !== undefined) row.sha256 = sha256;
  if (keep && old.verified && old.sha256 === sha256) row.verified = true;
  return { row, replaced: old !== undefined && !keep };
}

export function withoutMark(row: FileRow, ref: string): FileRow {
  return { ...row, marks: row.marks.filter((mark) => mark.ref !== ref) };
}

function versionOf({ byteLength, validator, sha256 }: FileRow): Version {
  return { byteLength, validator, sha256 };
}

export function toStoredFile(row: FileRow, indices: Iterable<number>): StoredFile {
  const stored = new Set<number>();
  for (const index of indices) if (chunkLength(row.byteLength, index) > 0) stored.add(index);
  return {
    key: row.key,
    id: row.id,
    name: row.name,
    byteLength: row.byteLength,
    validator: row.validator,
    sha256: row.sha256,
    chunkCount: chunkCount(row.byteLength),
    stored,
    verified: row.verified === true,
    marks: row.marks,
    lastUsed: row.lastUsed,
  };
}

/** A row read back from storage, or undefined if it is not one (another program's, or half written). */
export function parseRow(value: unknown): FileRow | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const row = value as Partial<Record<keyof FileRow, unknown>>;
  const { key, id, name, byteLength, chunkBytes, validator, sha256, verified, marks, lastUsed } = row;
  if (typeof key !== 'string' || typeof id !== 'string' || typeof name !== 'string') return undefined;
  if (!/^[0-9a-f-]{36}$/.test(id) || chunkBytes !== CHUNK_BYTES) return undefined;
  if (!Number.isSafeInteger(byteLength) || (byteLength as number) < 0) return undefined;
  if (validator !== undefined && typeof validator !== 'string') return undefined;
  if (sha256 !== undefined && typeof sha256 !== 'string') return undefined;
  if (typeof lastUsed !== 'number' || !Array.isArray(marks) || !marks.every(isMark)) return undefined;
  const parsed: FileRow = { key, id, name, byteLength: byteLength as number, chunkBytes, marks, lastUsed };
  if (validator !== undefined) parsed.validator = validator;
  if (sha256 !== undefined) parsed.sha256 = sha256;
  if (verified === true) parsed.verified = true;
  return parsed;
}

function isMark(value: unknown): value is ModelRefMark {
  if (typeof value !== 'object' || value === null) return false;
  const { ref, index, count } = value as Record<string, unknown>;
  return typeof ref === 'string' && Number.isSafeInteger(index) && Number.isSafeInteger(count);
}

/** What `markVerified` and a `put` say of a file that went away under them. */
export function replacedMeanwhile(what: string): QuernError {
  return new QuernError('storage-error', `${what}: it was deleted or replaced in the meantime`);
}

/** Throws 'internal' unless `bytes` is exactly what chunk `index` of the file holds. */
export function checkChunkLength(file: StoredFile, index: number, byteLength: number): void {
  const expected = chunkLength(file.byteLength, index);
  if (expected > 0 && byteLength === expected) return;
  throw new QuernError(
    'internal',
    `chunk ${index} of ${file.name} holds ${expected} bytes, but ${byteLength} were to be stored`,
  );
}
