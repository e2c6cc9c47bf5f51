import 'fake-indexeddb/auto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openIndexedDbChunkStore } from '../chunk-stores/indexeddb-chunk-store.ts';
import { folderKeptValues } from './folder-kept-values.ts';
import { indexedDbKeptValues } from './indexeddb-kept-values.ts';
import { MOST_KEPT } from './kept-values.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'values-'));
});
afterAll(() => rm(folder, { recursive: true }));

let databases = 0;
describe.each([
  ['IndexedDB', () => indexedDbKeptValues(`values ${databases++}`)],
  ['a folder', () => folderKeptValues(join(folder, String(databases++)))],
])('in %s', (_, make) => {
  test('a value is there until another takes its place', async () => {
    const values = make();
    expect(await values.get('a')).toBeUndefined();
    await values.put('a', { one: [1, 'x'] });
    await values.put('b', 2);
    await values.put('a', { two: null });
    expect(await values.get('a')).toEqual({ two: null });
    expect(await values.get('b')).toBe(2);
  });

  test('there are never more than so many', async () => {
    const values = make();
    for (let i = 0; i <= MOST_KEPT; i++) await values.put(`key ${i}`, i);
    expect(await values.get('key 0')).toBeUndefined();
    expect(await values.get(`key ${MOST_KEPT}`)).toBe(MOST_KEPT);
  });
});

test('a file that is damaged, or of another key, is none', async () => {
  const place = join(folder, 'damaged');
  const values = folderKeptValues(place);
  await values.put('a', 1);
  const [name] = await readdir(place);
  for (const text of ['{"key":"a","val', '', 'null', '{"key":"b","value":1}']) {
    await writeFile(join(place, name!), text);
    expect(await values.get('a')).toBeUndefined();
  }
  await values.put('a', 2);
  expect(await values.get('a')).toBe(2);
  expect(await readdir(place)).toEqual([name]);
});

test('a folder that cannot be made is a storage error', async () => {
  const path = join(folder, 'file');
  await writeFile(path, '');
  await expect(folderKeptValues(path).put('a', 1)).rejects.toMatchObject({ code: 'storage-error' });
  expect(await folderKeptValues(path).get('a')).toBeUndefined();
});

test('the models of the same site stay as they are', async () => {
  const store = await openIndexedDbChunkStore();
  const file = await store.open({ key: 'k', name: 'x.gguf', byteLength: 1, validator: undefined });
  await store.put(file, 0, new Uint8Array([7]));
  await indexedDbKeptValues().put('a', 1);
  expect([...(await store.get(file, 0))!]).toEqual([7]);
  await store.close();
});
