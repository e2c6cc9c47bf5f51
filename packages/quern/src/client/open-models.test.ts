import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoadPlan, type Progress, QuernError, throwIfAborted } from '@quern/spec';
import { type ChunkStore, openModel } from '@quern/store';
import { openDirectoryChunkStore } from '@quern/store/node';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createKeeper, type KeeperOptions } from '../api/keeper.ts';
import type { Models } from '../api/models.ts';
import type { LoadRequest } from '../wire/host-api.ts';
import { createHost } from '../worker/host.ts';
import { openModels } from './open-models.ts';

const X = 'https://a.example/x.gguf';
let path: string;
let store: ChunkStore;
const open: Models[] = [];
const ports: MessagePort[] = [];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'models-'));
  store = await openDirectoryChunkStore(path);
});
afterEach(async () => {
  vi.unstubAllGlobals();
  for (const models of open.splice(0)) await models.close();
  for (const port of ports.splice(0)) port.close();
  await rm(path, { recursive: true });
});

/** A page's Models over a host of this process. */
function models(options: Partial<KeeperOptions> = {}): Models {
  open.push(openModels({ worker: host(options) }));
  return open.at(-1)!;
}

/** A host's entry. */
function host(options: Partial<KeeperOptions> = {}): MessagePort {
  const usage = async () => ({ usage: 1, quota: 99e6, persisted: false });
  const keeper = createKeeper({
    openStore: () => openDirectoryChunkStore(path),
    openModel: async () => [],
    usage,
    ...options,
  });
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  const load = () => Promise.reject(new QuernError('internal', 'nothing is to be loaded here'));
  createHost({ plan: plans, load, keeper, hasGpu: async () => false }).listen(port1);
  port1.start();
  return port2;
}

async function keep(key: string, bytes: number): Promise<void> {
  const name = key.split('/').at(-1)!;
  const file = await store.open({ key, name, byteLength: bytes, validator: '"1"' });
  await store.put(file, 0, new Uint8Array(bytes));
}

/** Flips a byte of the only chunk of X. */
async function damage(): Promise<void> {
  const names = await readdir(path, { recursive: true });
  for (const name of names.filter((one) => one.endsWith('.chunk'))) {
    const bytes = await readFile(join(path, name));
    if (bytes.length !== 32 + 5) continue;
    bytes[34]! ^= 1;
    await writeFile(join(path, name), bytes);
  }
}

/** A plan that says what it was asked. */
async function plans(request: LoadRequest, signal: AbortSignal): Promise<LoadPlan> {
  throwIfAborted(signal);
  if (request.model === 'gone') throw new QuernError('not-found', 'no such model');
  return { model: request.model, contextLength: request.contextLength } as LoadPlan;
}

describe('the models of a page', () => {
  it('are listed, measured and deleted in the worker', async () => {
    await keep(X, 5);
    const cache = models();
    expect(await cache.list()).toMatchObject([{ id: X, name: 'x', bytes: 5, complete: true }]);
    expect(await cache.usage()).toEqual({ usage: 1, quota: 99e6, persisted: false });
    await expect(cache.delete('other')).rejects.toMatchObject({ code: 'not-found' });
    await cache.delete(X);
    expect(await cache.list()).toEqual([]);
  });

  it('are planned, as a load would be asked for', async () => {
    const cache = models();
    expect(await cache.plan({ model: 'a/b', contextLength: 99 })).toEqual({
      model: 'a/b',
      contextLength: 99,
    });
    await expect(cache.plan({ model: 'gone' })).rejects.toMatchObject({ code: 'not-found' });
    const signal = AbortSignal.abort();
    await expect(cache.plan({ model: 'a/b', signal })).rejects.toMatchObject({ code: 'aborted' });
  });

  it('are downloaded, with progress and an end by signal', async () => {
    const bytes = new Uint8Array(9);
    const headers = { 'content-length': '9', etag: '"1"' };
    const cache = models({
      openModel: (model, options) =>
        openModel(model, { ...options, fetch: async () => new Response(bytes, { headers }) }),
    });
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => seen.push(progress);
    expect(await cache.download({ model: X, onProgress })).toMatchObject({ id: X, complete: true });
    expect(seen.at(-1)).toMatchObject({ phase: 'download', loaded: 9, total: 9 });
    expect(await cache.list()).toMatchObject([{ id: X, bytes: 9 }]);
    const signal = AbortSignal.abort();
    await expect(cache.download({ model: X, signal })).rejects.toMatchObject({ code: 'aborted' });
    await expect(cache.download({ model: new Blob([bytes]) })).rejects.toMatchObject({
      code: 'invalid-request',
    });
  });

  it('are verified with progress, and what is damaged goes alone', async () => {
    await keep(X, 5);
    await keep('https://a.example/y.gguf', 7);
    const cache = models();
    const seen: Progress[] = [];
    expect(await cache.verify(X, { onProgress: (progress) => seen.push(progress) })).toEqual({
      checked: 1,
      damaged: 0,
    });
    expect(seen.at(-1)).toMatchObject({ phase: 'verify', loaded: 5, total: 5, file: 'x.gguf' });
    await damage();
    expect(await cache.verify(X)).toEqual({ checked: 1, damaged: 1 });
    expect(await cache.list()).toMatchObject([
      { name: 'y', complete: true },
      { name: 'x', complete: false, storedBytes: 0 },
    ]);
    const signal = AbortSignal.abort();
    await expect(cache.verify(X, { signal })).rejects.toMatchObject({ code: 'aborted' });
    await expect(cache.verify('other')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('are exported as streams, read as they are taken', async () => {
    await keep(X, 5);
    const cache = models();
    const bytes = new Uint8Array(await new Response(cache.export(X, 'x.gguf')).arrayBuffer());
    expect(bytes).toEqual(new Uint8Array(5));
    const missing = cache.export(X, 'z.gguf').getReader();
    await expect(missing.read()).rejects.toMatchObject({ code: 'not-found' });
    await damage();
    const damaged = cache.export(X, 'x.gguf').getReader();
    await expect(damaged.read()).rejects.toMatchObject({
      code: 'storage-error',
      message: expect.stringContaining('damaged'),
    });
    await cache.export(X, 'x.gguf').cancel();
  });

  it('tell of a refused cache, and ask it again', async () => {
    let refusals = 1;
    const cache = models({
      openStore: async () => {
        if (refusals-- > 0) throw new QuernError('storage-error', 'refused');
        return openDirectoryChunkStore(path);
      },
    });
    await expect(cache.list()).rejects.toMatchObject({ code: 'storage-error', message: 'refused' });
    expect(await cache.list()).toEqual([]);
  });

  it('start a worker with the first call that needs one, and stop it when it fails', async () => {
    const started: FailingWorker[] = [];
    class FailingWorker extends EventTarget {
      terminated = false;
      constructor() {
        super();
        started.push(this);
      }
      postMessage() {
        this.dispatchEvent(new Event('error'));
      }
      terminate() {
        this.terminated = true;
      }
    }
    const here = import.meta.url;
    vi.stubGlobal('location', { href: here, origin: new URL(here).origin });
    vi.stubGlobal('Worker', FailingWorker);
    const cache = openModels();
    expect(started).toEqual([]);
    for (const tries of [1, 2]) {
      await expect(cache.list()).rejects.toMatchObject({ code: 'network' });
      expect(started).toHaveLength(tries);
      expect(started.every(({ terminated }) => terminated)).toBe(true);
    }
    await cache.close();
  });

  it('start another worker when one has died, and stop it when they are closed', async () => {
    const started: MortalWorker[] = [];
    class MortalWorker extends EventTarget {
      terminated = false;
      readonly #entry = host();
      constructor() {
        super();
        started.push(this);
      }
      postMessage(message: unknown, transfer: Transferable[]) {
        this.#entry.postMessage(message, transfer as never);
      }
      terminate() {
        this.terminated = true;
      }
    }
    const here = import.meta.url;
    vi.stubGlobal('location', { href: here, origin: new URL(here).origin });
    vi.stubGlobal('Worker', MortalWorker);
    const cache = openModels();
    for (const count of [1, 2]) {
      expect(await cache.list()).toEqual([]);
      expect(await cache.list()).toEqual([]);
      expect(started).toHaveLength(count);
      if (count === 1)
        started[0]!.dispatchEvent(Object.assign(new Event('error'), { message: 'out of memory' }));
    }
    expect(started.map(({ terminated }) => terminated)).toEqual([true, false]);
    await cache.close();
    expect(started.map(({ terminated }) => terminated)).toEqual([true, true]);
  });

  it('ask the browser to keep them, unless it does already', async () => {
    const storage = { persisted: vi.fn(async () => false), persist: vi.fn(async () => true) };
    vi.stubGlobal('navigator', { storage });
    const cache = openModels();
    expect(await cache.persist()).toBe(true);
    storage.persisted.mockResolvedValue(true);
    expect(await cache.persist()).toBe(true);
    expect(storage.persist).toHaveBeenCalledTimes(1);
    storage.persisted.mockRejectedValue(new DOMException('no', 'SecurityError'));
    expect(await cache.persist()).toBe(false);
  });
});
