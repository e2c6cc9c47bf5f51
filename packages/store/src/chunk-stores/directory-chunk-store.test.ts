import { mkdtemp, open, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { chunkStoreSuite } from './chunk-store.suite.ts';
import { openDirectoryChunkStore } from './directory-chunk-store.ts';

/** Where chunk `index` of a file lies. */
async function findPath(root: string, index: number): Promise<string> {
  const names = await readdir(root, { recursive: true });
  return join(root, names.find((name) => name.endsWith(`/${index}.chunk`)) ?? 'absent');
}

chunkStoreSuite('directory', async () => {
  const root = await mkdtemp(join(tmpdir(), 'quern-store-'));
  const probe = await open(join(root, 'probe'), 'w');
  const handles = Object.getPrototypeOf(probe) as { writeFile: typeof probe.writeFile };
  await probe.close();
  await rm(join(root, 'probe'));
  const original = handles.writeFile;
  let left = Infinity;
  handles.writeFile = async function writeFile(this: typeof probe, data: Uint8Array) {
    // A chunk is two writes, the digest first; half of the bytes still fit.
    if (data.byteLength >= 1000 && --left <= 0) {
      await original.call(this, data.subarray(0, data.byteLength / 2));
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    }
    await original.call(this, data);
  };
  return {
    open: () => openDirectoryChunkStore(root),
    async damage(_store, _key, index) {
      const path = await findPath(root, index);
      const content = await readFile(path);
      content[100] = (content[100] ?? 0) ^ 1;
      await writeFile(path, content);
    },
    fillUpAt(n) {
      left = n;
    },
    async dispose() {
      handles.writeFile = original;
      await rm(root, { recursive: true, force: true });
    },
  };
});

it('takes no half chunk and no broken record for real, and sweeps what a crash left', async () => {
  const root = await mkdtemp(join(tmpdir(), 'quern-store-'));
  try {
    const store = await openDirectoryChunkStore(root);
    const info = { key: 'k', name: 'k', byteLength: 10, validator: '"1"' };
    const file = await store.open(info);
    await store.put(file, 0, new Uint8Array(10));
    const path = await findPath(root, 0);
    const left = `${path}.1-1.tmp`;
    await writeFile(left, 'half');
    await utimes(left, 1, 1);
    await writeFile(path, 'cut short');
    expect(await store.get(file, 0)).toBeUndefined();
    await store.open(info);
    expect((await readdir(root, { recursive: true })).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const record = (await readdir(root, { recursive: true })).find((name) => name.endsWith('file.json'));
    await writeFile(join(root, record ?? ''), '{"key":"k","id":"../../x"}');
    expect(await store.list()).toEqual([]);
    expect((await store.open(info)).stored.size).toBe(0);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

it('says so where the folder cannot be made', async () => {
  await expect(openDirectoryChunkStore('/dev/null/cache')).rejects.toMatchObject({ code: 'storage-error' });
});
