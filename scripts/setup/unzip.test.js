import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openZipEntry } from './unzip.js';

let folder;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'quern-zip-'))));
afterAll(() => rm(folder, { recursive: true }));

/** A zip as APPNOTE 6.3 lays it out; `extra` bytes sit in the local header only, as tools do. */
function zip(entries, comment = '') {
  const parts = [];
  const directory = [];
  let at = 0;
  for (const { name, body, method, extra = 0 } of entries) {
    const packed = method === 8 ? deflateRawSync(body) : Buffer.from(body);
    const local = Buffer.alloc(30 + name.length + extra);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(extra, 28);
    local.write(name, 30);
    const central = Buffer.alloc(46 + name.length);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(packed.length, 20);
    central.writeUInt32LE(body.length, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(at, 42);
    central.write(name, 46);
    parts.push(local, packed);
    directory.push(central);
    at += local.length + packed.length;
  }
  const size = directory.reduce((sum, entry) => sum + entry.length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, ...directory, end, Buffer.from(comment)]);
}

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
