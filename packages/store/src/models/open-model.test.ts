import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ByteSource } from '@quern/spec';
import { openDirectoryChunkStore } from '../chunk-stores/directory-chunk-store.ts';
import { openModel as openInNode } from '../node.ts';
import type { OpenModelOptions } from './open-model.ts';
import { openModel } from './open-model.ts';
import { MisbehavingServer } from '../testing/misbehaving-server.ts';
import { patternBytes } from '../testing/pattern-bytes.ts';

const PART1 = patternBytes(3000, 1);
const PART2 = patternBytes(2000, 2);
const retry = { tries: 1 };

let server: MisbehavingServer;
let root: string;
beforeAll(async () => {
  server = await MisbehavingServer.start();
  root = await mkdtemp(join(tmpdir(), 'quern-open-'));
  server.serve('/m/one.gguf', PART1);
  server.serve('/m/s-00001-of-00002.gguf', PART1);
  server.serve('/m/s-00002-of-00002.gguf', PART2);
  server.serve('/hf/a/b/resolve/main/x-Q4_0-00001-of-00002.gguf', PART1);
  server.serve('/hf/a/b/resolve/main/x-Q4_0-00002-of-00002.gguf', PART2);
  const tree = ['x-Q4_0-00001-of-00002.gguf', 'x-Q4_0-00002-of-00002.gguf'];
  const json = JSON.stringify(tree.map((path) => ({ type: 'file', path, size: 1 })));
  server.serve('/hf/api/models/a/b/tree/main', new TextEncoder().encode(json));
});
afterAll(async () => {
  await server.stop();
  await rm(root, { recursive: true, force: true });
});
afterEach(() => {
  server.forget();
  server.faults = {};
});

/** Name and content of each source; closes them. */
async function contents(sources: ByteSource[]): Promise<Array<[string, Uint8Array]>> {
  const result: Array<[string, Uint8Array]> = [];
  for (const source of sources) result.push([source.name, await source.read(0, source.byteLength)]);
  await Promise.all(sources.map((source) => source.close()));
  return result;
}

const SPLIT = [
  ['s-00001-of-00002.gguf', PART1],
  ['s-00002-of-00002.gguf', PART2],
];

describe('in a browser', () => {
  it('opens a URL, absolute and relative', async () => {
    const expected = [['one.gguf', PART1]];
    expect(await contents(await openModel(`${server.origin}/m/one.gguf`))).toEqual(expected);
    const baseUrl = `${server.origin}/m/page.html`;
    for (const ref of ['./one.gguf', 'one.gguf', '/m/one.gguf', '../m/one.gguf']) {
      expect(await contents(await openModel(ref, { baseUrl }))).toEqual(expected);
    }
    await expect(openModel('./one.gguf')).rejects.toMatchObject({ code: 'invalid-request' });
  });

  it('opens all parts of a split file, from any of them', async () => {
    expect(await contents(await openModel(`${server.origin}/m/s-00002-of-00002.gguf?v=1`))).toEqual(SPLIT);
  });

  it('closes what is open when a part is missing', async () => {
    const failing = openModel(`${server.origin}/m/t-00001-of-00002.gguf`, { retry });
    await expect(failing).rejects.toMatchObject({ code: 'not-found' });
  });

  it('opens blobs and lists of them, and puts parts in order', async () => {
    const files = [new File([PART2], 's-00002-of-00002.gguf'), new File([PART1], 's-00001-of-00002.gguf')];
    expect(await contents(await openModel(files))).toEqual(SPLIT);
    expect(await contents(await openModel(new Blob([PART1])))).toEqual([['model', PART1]]);
    await expect(openModel([])).rejects.toMatchObject({ code: 'invalid-request' });
  });

  it('opens a folder that the user chose', async () => {
    const handle = (files: Record<string, Uint8Array<ArrayBuffer>>, failing = false) =>
      ({
        kind: 'directory',
        name: 'tiny',
        async *values() {
          if (failing) throw new DOMException('no permission', 'NotAllowedError');
          yield { kind: 'directory', name: 'onnx' };
          for (const [name, bytes] of Object.entries(files)) {
            yield { kind: 'file', name, getFile: async () => new File([bytes], name) };
          }
        },
      }) as unknown as FileSystemDirectoryHandle;
    const folder = handle({ 'README.md': PART2, 'model.safetensors': PART1, 'config.json': PART2 });
    expect(await contents(await openModel(folder))).toEqual([
      ['tiny/config.json', PART2],
      ['tiny/model.safetensors', PART1],
    ]);
    expect(await contents(await openInNode(handle({ 'a.gguf': PART1 })))).toEqual([['a.gguf', PART1]]);
    await expect(openModel(handle({ 'x.txt': PART1 }))).rejects.toMatchObject({ code: 'not-found' });
    await expect(openModel(handle({}, true))).rejects.toMatchObject({ code: 'storage-error' });
  });

  it('opens a file that the user picked, alone and in a list', async () => {
    const handle = (name: string, bytes: Uint8Array<ArrayBuffer>) =>
      ({ kind: 'file', name, getFile: async () => new File([bytes], name) }) as FileSystemFileHandle;
    expect(await contents(await openModel(handle('a.gguf', PART1)))).toEqual([['a.gguf', PART1]]);
    expect(await contents(await openInNode(handle('a.gguf', PART1)))).toEqual([['a.gguf', PART1]]);
    const parts = [
      handle('s-00002-of-00002.gguf', PART2),
      new File([PART1], 's-00001-of-00002.gguf'),
    ] as const;
    expect(await contents(await openModel(parts))).toEqual(SPLIT);
    expect(await contents(await openInNode(parts))).toEqual(SPLIT);
    const gone = {
      kind: 'file',
      name: 'a.gguf',
      getFile: () => Promise.reject(new DOMException('gone', 'NotFoundError')),
    } as unknown as FileSystemFileHandle;
    await expect(openModel(gone)).rejects.toMatchObject({ code: 'storage-error' });
  });

  it('opens a hub id; from the cache without any request', async () => {
    const store = await openDirectoryChunkStore(join(root, 'cache'));
    const options: OpenModelOptions = { store, hubUrl: `${server.origin}/hf`, token: 'T', retry };
    const expected = [
      ['x-Q4_0-00001-of-00002.gguf', PART1],
      ['x-Q4_0-00002-of-00002.gguf', PART2],
    ];
    expect(await contents(await openModel('a/b', options))).toEqual(expected);
    expect(server.requests.map(({ path, headers }) => `${path} ${headers.authorization}`)).toEqual([
      '/hf/api/models/a/b/tree/main Bearer T',
      '/hf/a/b/resolve/main/x-Q4_0-00001-of-00002.gguf Bearer T',
      '/hf/a/b/resolve/main/x-Q4_0-00002-of-00002.gguf Bearer T',
    ]);
    server.forget();
    expect(await contents(await openModel('a/b@main', options))).toEqual(expected);
    expect(server.requests).toEqual([]);
    // Another name for the same files: the listing is asked for, the bytes are not.
    expect(await contents(await openModel('a/b:q4_0', options))).toEqual(expected);
    expect(server.requests.map(({ path }) => path)).toEqual(['/hf/api/models/a/b/tree/main']);
    server.forget();
    expect(await contents(await openModel('a/b:q4_0', options))).toEqual(expected);
    expect(server.requests).toEqual([]);
  });

  it('opens a folder of safetensors by its address or a file in it, and a repository of them', async () => {
    const json = new TextEncoder().encode('{}');
    const index = new TextEncoder().encode(
      JSON.stringify({
        weight_map: { b: 'model-00002-of-00002.safetensors', a: 'model-00001-of-00002.safetensors' },
      }),
    );
    for (const [name, bytes] of [
      ['config.json', json],
      ['tokenizer.json', json],
      ['model.safetensors.index.json', index],
      ['model-00001-of-00002.safetensors', PART1],
      ['model-00002-of-00002.safetensors', PART2],
    ] as const) {
      server.serve(`/folder/${name}`, bytes);
      server.serve(`/hf/c/d/resolve/main/${name}`, bytes);
    }
    const expected = [
      ['config.json', json],
      ['tokenizer.json', json],
      ['model.safetensors.index.json', index],
      ['model-00001-of-00002.safetensors', PART1],
      ['model-00002-of-00002.safetensors', PART2],
    ];
    expect(await contents(await openModel(`${server.origin}/folder/`, { retry }))).toEqual(expected);
    const part = `${server.origin}/folder/model-00002-of-00002.safetensors`;
    expect(await contents(await openModel(part, { retry }))).toEqual(expected);
    // As one of a list it is just itself.
    expect(await contents(await openModel([part, part], { retry }))).toEqual([expected[4], expected[4]]);
    const tree = [...expected.map(([path]) => path as string), 'README.md', 'consolidated.safetensors'];
    const listing = JSON.stringify(tree.map((path) => ({ type: 'file', path, size: 1 })));
    server.serve('/hf/api/models/c/d/tree/main', new TextEncoder().encode(listing));
    const hubUrl = `${server.origin}/hf`;
    expect(await contents(await openModel('c/d', { hubUrl, retry }))).toEqual(expected);
    expect(
      await contents(await openModel('c/d/model-00001-of-00002.safetensors', { hubUrl, retry })),
    ).toEqual(expected);
    await expect(openModel(`${server.origin}/folder/none/`, { retry })).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('opens a folder of safetensors that is cached without a network', async () => {
    const store = await openDirectoryChunkStore(root);
    const json = new TextEncoder().encode('{}');
    server.serve('/single/config.json', json);
    server.serve('/single/model.safetensors', PART1);
    const folder = `${server.origin}/single/`;
    const expected = [
      ['config.json', json],
      ['model.safetensors', PART1],
    ];
    for (const ref of [folder, `${folder}model.safetensors`]) {
      expect(await contents(await openModel(ref, { retry, store }))).toEqual(expected);
      server.forget();
      expect(await contents(await openModel(ref, { retry, store }))).toEqual(expected);
      expect(server.requests).toEqual([]);
    }
    // What is not there whole is asked for again, with all that may lie beside it.
    await store.delete(`${folder}config.json`);
    expect(await contents(await openModel(folder, { retry, store }))).toEqual(expected);
    expect(server.requests.map(({ path }) => path)).toContain('/single/tokenizer.json');
  });

  it('sends the token to the hub alone', async () => {
    const options = { token: 'T', hubUrl: 'https://huggingface.co', retry };
    await contents(await openModel(`${server.origin}/m/one.gguf`, options));
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });
});

describe('in Node', () => {
  it('opens a file, its other parts, a folder, a file URL', async () => {
    const folder = join(root, 'split');
    await mkdir(folder);
    await writeFile(join(folder, 's-00001-of-00002.gguf'), PART1);
    await writeFile(join(folder, 's-00002-of-00002.gguf'), PART2);
    await writeFile(join(folder, 'notes.txt'), '');
    expect(await contents(await openInNode(folder))).toEqual(SPLIT);
    expect(await contents(await openInNode(join(folder, 's-00002-of-00002.gguf')))).toEqual(SPLIT);
    const url = pathToFileURL(join(folder, 's-00001-of-00002.gguf')).href;
    expect(await contents(await openInNode(url))).toEqual(SPLIT);
  });

  it('opens a folder of safetensors, and one file of several', async () => {
    const folder = join(root, 'tiny');
    await mkdir(folder);
    for (const name of ['config.json', 'tokenizer.json', 'notes.txt', 'vocab.json']) {
      await writeFile(join(folder, name), '{}');
    }
    await writeFile(join(folder, 'model.safetensors'), PART1);
    await writeFile(join(folder, 'consolidated.safetensors'), PART2);
    const expected = ['tiny/config.json', 'tiny/tokenizer.json', 'tiny/model.safetensors'];
    const names = async (path: string) => (await contents(await openInNode(path))).map(([name]) => name);
    expect(await names(folder)).toEqual(expected);
    await rm(join(folder, 'model.safetensors'));
    await writeFile(join(folder, 'a.safetensors'), PART1);
    await writeFile(join(folder, 'b.safetensors'), PART1);
    await expect(openInNode(folder)).rejects.toMatchObject({
      code: 'invalid-request',
      message: expect.stringContaining('a.safetensors, b.safetensors'),
    });
    expect(await names(join(folder, 'b.safetensors'))).toEqual([
      'tiny/config.json',
      'tiny/tokenizer.json',
      'tiny/b.safetensors',
    ]);
  });

  it('says what is wrong with a path', async () => {
    const several = join(root, 'several');
    await mkdir(several);
    await expect(openInNode(several)).rejects.toMatchObject({ code: 'not-found' });
    await writeFile(join(several, 'a-Q4_0.gguf'), PART1);
    await writeFile(join(several, 'b-Q8_0.gguf'), PART1);
    await expect(openInNode(several)).rejects.toMatchObject({
      code: 'invalid-request',
      message: expect.stringMatching(/a-Q4_0.gguf, b-Q8_0.gguf/),
    });
    await expect(openInNode(join(root, 'absent.gguf'))).rejects.toMatchObject({ code: 'not-found' });
  });

  it('reads ranges of a file, within its bounds', async () => {
    const path = join(root, 'one.gguf');
    await writeFile(path, PART1);
    const [source] = await openInNode(path);
    expect(source).toMatchObject({ name: 'one.gguf', byteLength: 3000, origin: 'file', bytesFetched: 0 });
    expect(await source?.read(100, 50)).toEqual(PART1.subarray(100, 150));
    await expect(source?.read(2990, 11)).rejects.toMatchObject({ code: 'corrupt-file' });
    await expect(source?.read(0, 1, AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
    await writeFile(path, PART1.subarray(0, 10));
    await expect(source?.read(0, 20)).rejects.toMatchObject({ code: 'corrupt-file' });
    await source?.close();
  });

  it('takes what exists on disk for a path, though it could be a hub id', async () => {
    const relative = `node_modules/quern-test-${process.pid}`;
    await mkdir(relative, { recursive: true });
    try {
      await writeFile(join(relative, 'm.gguf'), PART1);
      expect(await contents(await openInNode(relative))).toEqual([['m.gguf', PART1]]);
      expect(await contents(await openInNode(`${relative}/m.gguf`))).toEqual([['m.gguf', PART1]]);
    } finally {
      await rm(relative, { recursive: true, force: true });
    }
  });
});
