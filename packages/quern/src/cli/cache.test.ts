import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QuernError } from '@quern/spec';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeModels, fakeModel } from '../testing/fake-models.ts';
import { main } from './main.ts';
import { saveFile } from './save-file.ts';
import type { Tools } from './tools.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'cache-'))));
afterEach(() => rm(folder, { recursive: true }));

const unused = () => Promise.reject(new Error('not used by this command'));

async function quern(args: string[], models: FakeModels, more: Partial<Tools> = {}) {
  const said = { out: '', err: '' };
  const signal = new AbortController().signal;
  const code = await main(args, {
    out: (text) => (said.out += text),
    err: (text) => (said.err += text),
    interactive: false,
    signal,
    load: unused,
    openFiles: unused,
    inspect: unused,
    readText: unused,
    appendText: unused,
    commit: unused,
    memory: () => ({ scriptBytes: 0, residentBytes: 0 }),
    models,
    save: (to, name, bytes) => saveFile(to, name, bytes, signal),
    ...more,
  });
  return { code, ...said };
}

const two = () =>
  new FakeModels([
    fakeModel('a/b@main'),
    fakeModel('http://x/y\u001b.gguf', { complete: false, storedBytes: 1024, bytes: 5000 * 2 ** 20 }),
  ]);

describe('quern cache', () => {
  it('lists models with size, what is stored and when they were used', async () => {
    const { code, out, err } = await quern(['cache'], two());
    expect({ code, err }).toEqual({ code: 0, err: '2 models; 5.0 MiB on disk, 1019 MiB free\n' });
    expect(out).toContain('| a/b@main            | 1.0 MiB | whole         | 2026-11-21 18:30 |\n');
    expect(out).toContain('| http://x/y\\x1b.gguf | 4.9 GiB | 1.0 KiB of it | 2026-11-21 18:30 |\n');
    const json = await quern(['cache', 'list', '--json'], two());
    expect(JSON.parse(json.out)).toMatchObject({
      models: [{ id: 'a/b@main' }, {}],
      usage: { quota: 2 ** 30 },
    });
    expect((await quern(['cache'], new FakeModels())).out).toBe('');
  });

  it('deletes by id or name, and nothing where one of them is not there', async () => {
    const models = two();
    const failed = await quern(['cache', 'delete', 'a/b', 'c/d'], models);
    expect(failed.code).toBe(1);
    expect(failed.err).toContain('the cache has no model "c/d"');
    expect(models.models).toHaveLength(2);
    const { code, err } = await quern(['cache', 'delete', 'a/b'], models);
    expect({ code, err }).toEqual({ code: 0, err: 'a/b@main: deleted\n' });
    expect(models.models).toHaveLength(1);
  });

  it('verifies, and fails where something was damaged', async () => {
    const models = two();
    const sound = await quern(['cache', 'verify', 'a/b@main'], models);
    expect(sound).toEqual({ code: 0, out: '', err: 'a/b@main: 7 chunks, all as they came\n' });
    models.damaged = 2;
    const { code, err } = await quern(['cache', 'verify', 'a/b@main'], models);
    expect(code).toBe(1);
    expect(err).toContain('2 of 7 chunks were damaged and are dropped');
  });

  it('exports files into a folder, over nothing and not outside of it', async () => {
    const { code, out } = await quern(['cache', 'export', 'a/b', '--to', folder], two());
    expect({ code, out }).toEqual({ code: 0, out: `${join(folder, 'x.gguf')}\n` });
    expect(await readFile(join(folder, 'x.gguf'), 'utf8')).toBe('x.gguf of a/b@main');
    const again = await quern(['cache', 'export', 'a/b', '--to', folder], two());
    expect(again.err).toContain('x.gguf is there already');
    const [file] = fakeModel('e/v').files;
    const evil = new FakeModels([fakeModel('e/v', { files: [{ ...file!, name: '../../up.gguf' }] })]);
    expect((await quern(['cache', 'export', 'e/v', '--to', folder], evil)).code).toBe(0);
    expect(await readdir(folder)).toEqual(['up.gguf', 'x.gguf']);
  });

  it('says what it can do', async () => {
    const { code, err } = await quern(['cache', 'empty'], two());
    expect(code).toBe(1);
    expect(err).toContain('can list, delete, verify, export; not "empty"');
    expect((await quern(['cache', 'delete'], two())).err).toContain('Which model?');
    expect((await quern(['cache', '--all'], two())).err).toContain("'--all'");
  });
});

describe('a file that cannot be saved whole', () => {
  it('leaves nothing behind', async () => {
    const failing = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.error(new QuernError('storage-error', 'chunk 1 is damaged'));
        },
      });
    const saved = saveFile(folder, 'x', failing(), new AbortController().signal);
    await expect(saved).rejects.toMatchObject({ code: 'storage-error', message: 'chunk 1 is damaged' });
    const bytes = new Blob(['x']).stream();
    await expect(saveFile(join(folder, 'no'), 'x', bytes, AbortSignal.abort())).rejects.toMatchObject({
      code: 'aborted',
    });
    const nowhere = saveFile(join(folder, 'no'), 'x', new Blob(['x']).stream(), new AbortController().signal);
    await expect(nowhere).rejects.toMatchObject({ code: 'storage-error' });
    // Nor does it take away what was there, though the stream fails before that is seen.
    await writeFile(join(folder, 'kept'), 'mine');
    const over = saveFile(folder, 'kept', failing(), new AbortController().signal);
    await expect(over).rejects.toBeInstanceOf(QuernError);
    expect(await readFile(join(folder, 'kept'), 'utf8')).toBe('mine');
    expect(await readdir(folder)).toEqual(['kept']);
  });
});

describe('quern download', () => {
  it('fetches a model and tells its id', async () => {
    const models = new FakeModels();
    const { code, out, err } = await quern(['download', 'a/b@main', '--make-room'], models);
    expect({ code, out }).toEqual({ code: 0, out: 'a/b@main\n' });
    expect(err).toContain('x.gguf (network): 3.0 MiB of 3.0 MiB, 1.0 MiB/s\n');
    expect(err).toContain('quern: warning: old went [storage-full]\n');
    expect(err).toContain('a/b: 3.0 MiB in the cache\n');
    await quern(['download', 'a/b'], models);
    expect(models.downloads.map(({ makeRoom }) => makeRoom)).toEqual(['least-recently-used', 'never']);
  });

  it('says that it is paused when it is interrupted', async () => {
    const { code, err } = await quern(['download', 'a/b'], new FakeModels(), { signal: AbortSignal.abort() });
    expect(code).toBe(130);
    expect(err).toContain('quern: paused; what has come is kept');
  });
});
