import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isFile, writeChecked } from './checked-file.js';

let folder;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'quern-checked-'))));
afterAll(() => rm(folder, { recursive: true }));

const SHA256 = createHash('sha256').update('onetwo').digest('hex');

test('a stream with the right hash becomes a file', async () => {
  const path = join(folder, 'deep', 'model.gguf');
  const seen = [];
  await writeChecked(Readable.from([Buffer.from('one'), Buffer.from('two')]), path, SHA256, (n) =>
    seen.push(n),
  );
  expect(await readFile(path, 'utf8')).toBe('onetwo');
  expect(seen).toEqual([3, 6]);
  expect(await isFile(path, 6, SHA256)).toBe(true);
  expect(await isFile(path, 7, SHA256)).toBe(false);
  expect(
    await isFile(
      path,
      6,
      SHA256.replace(/^./, (c) => (c === '0' ? '1' : '0')),
    ),
  ).toBe(false);
});

test('another hash, or a stream that breaks, leaves nothing behind', async () => {
  const path = join(folder, 'bad', 'model.gguf');
  await expect(writeChecked(Readable.from([Buffer.from('onetwo!')]), path, SHA256)).rejects.toThrow(
    'SHA-256',
  );
  const broken = Readable.from(
    (async function* () {
      yield Buffer.from('one');
      throw new Error('line dropped');
    })(),
  );
  await expect(writeChecked(broken, path, SHA256)).rejects.toThrow('line dropped');
  expect(await readdir(join(folder, 'bad'))).toEqual([]);
});
