import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deleteModel, listModels } from './cached-models.ts';
import type { ChunkStore, ModelRefMark } from '../chunk-stores/chunk-store.ts';
import { openDirectoryChunkStore } from '../chunk-stores/directory-chunk-store.ts';
import { patternBytes } from '../testing/pattern-bytes.ts';

let path: string;
let store: ChunkStore;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'cached-models-'));
  store = await openDirectoryChunkStore(path);
});
afterEach(async () => {
  vi.useRealTimers();
  await store.close();
  await rm(path, { recursive: true });
});

const HOST = 'https://a.example';

/** A file of `bytes`, stored whole unless `part`; opened at `at` ms. */
async function keep(
  key: string,
  { bytes = 10, part = false, at = 1000, mark }: KeepOptions = {},
): Promise<void> {
  vi.useFakeTimers({ now: at, toFake: ['Date'] });
  const name = key.split('/').at(-1)!;
  const file = await store.open({ key, name, byteLength: bytes, validator: '"1"', ...(mark && { mark }) });
  if (!part) await store.put(file, 0, patternBytes(bytes));
}

interface KeepOptions {
  bytes?: number;
  part?: boolean;
  at?: number;
  mark?: ModelRefMark;
}

const mark = (ref: string, index: number, count: number): ModelRefMark => ({ ref, index, count });

async function ids(): Promise<Record<string, boolean>> {
  return Object.fromEntries((await listModels(store)).map(({ id, complete }) => [id, complete]));
}

describe('the models of a cache', () => {
  it('are what their references stand for, last used first', async () => {
    await keep('hub:a/b@main/two.safetensors', { at: 5, mark: mark('a/b@main', 1, 2) });
    await keep('hub:a/b@main/config.json', { bytes: 7, at: 4, mark: mark('a/b@main', 0, 2) });
    await keep('hub:c/d@v1/x.gguf', { at: 6, part: true, mark: mark('c/d@v1:Q8_0', 0, 1) });
    expect(await listModels(store)).toEqual([
      {
        id: 'c/d@v1:Q8_0',
        name: 'c/d@v1:Q8_0',
        model: 'c/d@v1:Q8_0',
        files: [{ name: 'x.gguf', bytes: 10, storedBytes: 0, verified: false }],
        bytes: 10,
        storedBytes: 0,
        complete: false,
        lastUsed: 6,
      },
      {
        id: 'a/b@main',
        name: 'a/b',
        model: 'a/b@main',
        files: [
          { name: 'config.json', bytes: 7, storedBytes: 7, verified: false },
          { name: 'two.safetensors', bytes: 10, storedBytes: 10, verified: false },
        ],
        bytes: 17,
        storedBytes: 17,
        complete: true,
        lastUsed: 5,
      },
    ]);
  });

  it('are not complete while a file is missing, or resolutions differ', async () => {
    await keep('hub:a/b@main/2.gguf', { mark: mark('a/b@main', 1, 2) });
    expect(await ids()).toEqual({ 'a/b@main': false });
    await keep('hub:a/b@main/1.gguf', { mark: mark('a/b@main', 0, 3) });
    expect(await ids()).toEqual({ 'a/b@main': false });
    await keep('hub:a/b@main/1.gguf', { mark: mark('a/b@main', 0, 2) });
    expect(await ids()).toEqual({ 'a/b@main': true });
  });

  it('by URL are files of their own, parts together, folders whole', async () => {
    await keep(`${HOST}/m/one.gguf`);
    await keep(`${HOST}/m/two.Q4_0.gguf?v=1`);
    await keep(`${HOST}/m/big-00002-of-00002.gguf`);
    expect((await ids())[`${HOST}/m/big-00002-of-00002.gguf`]).toBe(false);
    await keep(`${HOST}/m/big-00001-of-00002.gguf`);
    await keep(`${HOST}/qwen3%20x/config.json`);
    await keep(`${HOST}/qwen3%20x/model.safetensors`, { bytes: 20 });
    const models = await listModels(store);
    expect(Object.fromEntries(models.map((model) => [model.id, [model.name, model.bytes]]))).toEqual({
      [`${HOST}/m/one.gguf`]: ['one', 10],
      [`${HOST}/m/two.Q4_0.gguf?v=1`]: ['two.Q4_0', 10],
      [`${HOST}/m/big-00001-of-00002.gguf`]: ['big', 20],
      [`${HOST}/qwen3%20x/`]: ['qwen3 x', 30],
    });
    expect(models.every(({ complete }) => complete)).toBe(true);
  });

  it('of one folder are told apart where it holds several sets of weights', async () => {
    for (const name of ['config.json', 'tokenizer.json']) await keep(`${HOST}/f/${name}`);
    expect(await ids()).toEqual({ [`${HOST}/f/`]: false });
    await keep(`${HOST}/f/model-00001-of-00002.safetensors`);
    await keep(`${HOST}/f/model-00002-of-00002.safetensors`);
    expect(await ids()).toEqual({ [`${HOST}/f/model-00001-of-00002.safetensors`]: true });
    await keep(`${HOST}/f/model.safetensors.index.json`);
    expect(await ids()).toEqual({ [`${HOST}/f/`]: true });
    await keep(`${HOST}/f/other.safetensors`, { part: true });
    expect(await ids()).toEqual({
      [`${HOST}/f/model-00001-of-00002.safetensors`]: true,
      [`${HOST}/f/other.safetensors`]: false,
    });
    await deleteModel(store, `${HOST}/f/other.safetensors`);
    expect(await ids()).toEqual({ [`${HOST}/f/`]: true });
    await deleteModel(store, `${HOST}/f/`);
    expect(await store.list()).toEqual([]);
  });

  it('that share a file are both listed, and it goes with the last of them', async () => {
    await keep('hub:a/b@main/x.gguf', { at: 10, mark: mark('a/b@main', 0, 1) });
    await keep('hub:a/b@main/x.gguf', { at: 20, mark: mark('a/b@main:Q4_0', 0, 1) });
    expect(await ids()).toEqual({ 'a/b@main': true, 'a/b@main:Q4_0': true });
    await deleteModel(store, 'a/b@main:Q4_0');
    expect(await ids()).toEqual({ 'a/b@main': true });
    await deleteModel(store, 'a/b@main');
    expect(await store.list()).toEqual([]);
  });

  it('that are not there cannot be deleted', async () => {
    await keep(`${HOST}/one.gguf`);
    await expect(deleteModel(store, 'a/b')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining(`${HOST}/one.gguf`),
    });
    expect(await store.list()).toHaveLength(1);
  });
});
