import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectoryChunkStore } from '@quern/store/node';
import { expect, it } from 'vitest';
import { chunkFolder } from './cache-folder.ts';
import { openModels } from './open-models.ts';

it('manages the models of QUERN_CACHE', async () => {
  const before = process.env['QUERN_CACHE'];
  const path = await mkdtemp(join(tmpdir(), 'cache-'));
  process.env['QUERN_CACHE'] = path;
  const models = openModels();
  try {
    expect(await models.list()).toEqual([]);
    const store = await openDirectoryChunkStore(chunkFolder());
    const key = 'https://a.example/x.gguf';
    const file = await store.open({ key, name: 'x.gguf', byteLength: 3, validator: undefined });
    await store.put(file, 0, new Uint8Array([7, 8, 9]));
    expect(await models.list()).toMatchObject([{ id: key, complete: true }]);
    expect(await models.usage()).toMatchObject({ usage: expect.any(Number), persisted: true });
    expect(await models.persist()).toBe(true);
    expect(await models.verify(key)).toEqual({ checked: 1, damaged: 0 });
    const bytes = await new Response(models.export(key, 'x.gguf')).arrayBuffer();
    expect([...new Uint8Array(bytes)]).toEqual([7, 8, 9]);
    await models.delete(key);
    expect(await models.list()).toEqual([]);
  } finally {
    await models.close();
    if (before === undefined) delete process.env['QUERN_CACHE'];
    else process.env['QUERN_CACHE'] = before;
    await rm(path, { recursive: true });
  }
});
