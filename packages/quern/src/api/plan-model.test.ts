import { fileURLToPath } from 'node:url';
import { QuernError } from '@quern/spec';
import { openDirectoryChunkStore, openModel } from '@quern/store/node';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createKeeper } from './keeper.ts';
import { planModel } from './plan-model.ts';

const MODEL = fileURLToPath(new URL('../../../../e2e/conformance/arch-gemma/model.gguf', import.meta.url));
const noGpu = () => Promise.reject(new QuernError('webgpu-unavailable', 'no adapter'));

it('plans without an adapter, and names that as the problem', async () => {
  const keeper = createKeeper({
    openStore: () => Promise.reject(new QuernError('storage-error', 'refused')),
    openModel,
    usage: async () => ({ usage: 1, quota: 2, persisted: false }),
  });
  const plan = await planModel(keeper, noGpu, { model: MODEL, contextLength: 64, kv: 'f32' }, undefined);
  expect(plan).toMatchObject({
    architecture: 'gemma',
    contextLength: 64,
    kv: 'f32',
    downloadBytes: 0,
    fitsStorage: true,
    storage: { usage: 1, quota: 2, persisted: false },
    problems: [{ code: 'webgpu-unavailable', message: 'no adapter' }],
  });
  expect(plan.limits).toBeUndefined();
  const gone = planModel(keeper, noGpu, { model: `${MODEL}.gone` }, undefined);
  await expect(gone).rejects.toMatchObject({ code: 'not-found' });
});

it('is no use of the model: what was used last stays so', async () => {
  const path = await mkdtemp(join(tmpdir(), 'plan-'));
  const store = await openDirectoryChunkStore(path);
  try {
    const bytes = await readFile(MODEL);
    const headers = { 'content-length': String(bytes.length), etag: '"1"' };
    const keeper = createKeeper({
      openStore: async () => store,
      openModel: (model, options) =>
        openModel(model, { ...options, fetch: async () => new Response(bytes, { headers }) }),
      usage: async () => undefined,
    });
    const request = { model: 'https://a.example/model.gguf' };
    const before = await keeper.download(request);
    while (Date.now() === before.lastUsed) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(await planModel(keeper, noGpu, request, undefined)).toMatchObject({ downloadBytes: 0 });
    expect(await keeper.list()).toEqual([before]);
  } finally {
    await rm(path, { recursive: true });
  }
});
