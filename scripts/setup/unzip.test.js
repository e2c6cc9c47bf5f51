import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { zip } from './testing/zip.js';
import { openZipEntry } from './unzip.js';

let folder;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'quern-zip-'))));
afterAll(() => rm(folder, { recursive: true }));

async function put(name, bytes) {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

const LONG = 'bytes that repeat, '.repeat(5000);

test('finds an entry by its end, stored or deflated, past extra fields and a comment', async () => {
  const entries = [
    { name: 'a/first.txt', body: 'first', method: 0, extra: 7 },
    { name: 'a/model.gguf', body: LONG, method: 8, extra: 3 },
  ];
  const path = await put('good.zip', zip(entries, 'a comment'));
  expect(await text(await openZipEntry(path, '/first.txt'))).toBe('first');
  expect(await text(await openZipEntry(path, '/model.gguf'))).toBe(LONG);
});

test('says what is wrong', async () => {
  const entries = [{ name: 'x.gguf', body: LONG, method: 8 }];
  await expect(openZipEntry(await put('none.zip', zip(entries)), 'y.gguf')).rejects.toThrow('holds no file');
  await expect(openZipEntry(await put('no.zip', Buffer.alloc(100)), 'x')).rejects.toThrow('not a zip');
  const odd = zip([{ name: 'x.gguf', body: 'abc', method: 12 }]);
  await expect(openZipEntry(await put('odd.zip', odd), 'x.gguf')).rejects.toThrow('method 12');
  const outside = zip(entries);
  outside.writeUInt32LE(outside.length, outside.length - 6);
  await expect(openZipEntry(await put('outside.zip', outside), 'x.gguf')).rejects.toThrow('outside');
});

test('a damaged entry ends in an error, not in short bytes', async () => {
  const bytes = zip([{ name: 'x.gguf', body: LONG, method: 8 }]);
  bytes.fill(0xff, 60, 90);
  const stream = await openZipEntry(await put('bad.zip', bytes), 'x.gguf');
  await expect(text(stream)).rejects.toThrow();
});
