import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress } from '@quern/spec';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChunkStore, ModelRefMark } from '../chunk-stores/chunk-store.ts';
import { CHUNK_BYTES, chunkLength } from '../chunk-stores/chunk-store.ts';
import { openDirectoryChunkStore } from '../chunk-stores/directory-chunk-store.ts';
import { patternBytes } from '../testing/pattern-bytes.ts';
import { exportFile, verifyModel } from './upkeep.ts';

const BYTES = patternBytes(2 * CHUNK_BYTES + 100);
const A = 'hub:a/b@main/x.gguf';
const REF = 'a/b@main';

let path: string;
let store: ChunkStore;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'upkeep-'));
  store = await openDirectoryChunkStore(path);
});
afterEach(async () => {
  await store.close();
  await rm(path, { recursive: true });
});

async function keep(
  key: string,
  mark: ModelRefMark,
  indices = [0, 1, 2],
  more: { sha256?: string } = {},
): Promise<void> {
  const name = key.split('/').at(-1)!;
  const file = await store.open({ key, name, byteLength: BYTES.length, validator: '"1"', mark, ...more });
  for (const i of indices) await store.put(file, i, BYTES.slice(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES));
}

/** Flips a byte of chunk `index` of the only file of the store. */
async function damage(index: number): Promise<void> {
  const names = await readdir(path, { recursive: true });
  const chunk = join(path, names.find((name) => name.endsWith(`/${index}.chunk`)) ?? 'absent');
  const bytes = await readFile(chunk);
  bytes[40]! ^= 1;
  await writeFile(chunk, bytes);
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

describe('verifying a model', () => {
  it('reads all that is stored, of all of its files, and tells how far it is', async () => {
    await keep(A, { ref: REF, index: 0, count: 2 });
    await keep('hub:a/b@main/y.gguf', { ref: REF, index: 1, count: 2 }, [2]);
    const seen: Progress[] = [];
    const report = await verifyModel(store, REF, { onProgress: (progress) => seen.push(progress) });
    expect(report).toEqual({ checked: 4, damaged: 0 });
    const total = BYTES.length + chunkLength(BYTES.length, 2);
    expect(seen.at(-1)).toMatchObject({
      phase: 'verify',
      loaded: total,
      total,
      file: 'y.gguf',
      from: 'cache',
    });
    expect(seen[0]!.loaded).toBeLessThan(total);
  });

  it('drops damaged chunks, those alone, and what it knew of the whole', async () => {
    await keep(A, { ref: REF, index: 0, count: 1 });
    await store.markVerified((await store.find(A))!);
    await damage(1);
    expect(await verifyModel(store, REF)).toEqual({ checked: 3, damaged: 1 });
    const left = (await store.find(A))!;
    expect([[...left.stored].sort(), left.verified]).toEqual([[0, 2], false]);
    expect(await verifyModel(store, REF)).toEqual({ checked: 2, damaged: 0 });
  });

  it('compares a whole file with the SHA-256 of its hub, once', async () => {
    const mark = { ref: REF, index: 0, count: 1 };
    const sha = createHash('sha256').update(BYTES).digest('hex');
    await keep(A, mark, [0, 1, 2], { sha256: sha });
    expect(await verifyModel(store, REF)).toEqual({ checked: 3, damaged: 0 });
    expect((await store.find(A))?.verified).toBe(true);
    // Another file of the same length, as sound as it came.
    await keep('hub:a/b@main/y.gguf', { ...mark, ref: 'c/d' }, [0, 1, 2], { sha256: 'f'.repeat(64) });
    expect(await verifyModel(store, 'c/d')).toEqual({ checked: 3, damaged: 3 });
    expect((await store.list()).map(({ key }) => key)).toEqual([A]);
  });

  it('ends when it is told to, and where the model goes away meanwhile', async () => {
    await keep(A, { ref: REF, index: 0, count: 1 });
    const stop = new AbortController();
    const onProgress = () => stop.abort();
    await expect(verifyModel(store, REF, { onProgress, signal: stop.signal })).rejects.toMatchObject({
      code: 'aborted',
    });
    let deleting: Promise<void> | undefined;
    const gone = verifyModel(store, REF, { onProgress: () => (deleting ??= store.delete(A)) });
    await expect(gone).rejects.toMatchObject({ code: 'not-found' });
    await deleting;
    await expect(verifyModel(store, 'c/d')).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('exporting a file', () => {
  it('gives its bytes as they came', async () => {
    await keep(A, { ref: REF, index: 0, count: 1 });
    const bytes = await collect(exportFile(store, REF, 'x.gguf'));
    expect(Buffer.compare(bytes, BYTES)).toBe(0);
  });

  it('refuses what is not there, not whole, or damaged', async () => {
    await keep(A, { ref: REF, index: 0, count: 1 }, [0, 2]);
    const wanted = (name: string, id = REF) => collect(exportFile(store, id, name));
    await expect(wanted('x.gguf', 'c/d')).rejects.toMatchObject({ code: 'not-found' });
    await expect(wanted('y.gguf')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('it has x.gguf'),
    });
    await expect(wanted('x.gguf')).rejects.toMatchObject({
      code: 'storage-error',
      message: expect.stringContaining('2 of 3 chunks'),
    });
    await keep(A, { ref: REF, index: 0, count: 1 }, [1]);
    await damage(1);
    await expect(wanted('x.gguf')).rejects.toMatchObject({
      code: 'storage-error',
      message: expect.stringContaining('chunk 1 of the cached x.gguf is damaged'),
    });
  });
});
