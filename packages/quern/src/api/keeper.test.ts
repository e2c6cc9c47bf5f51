import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ByteSource, type Progress, QuernError, type StorageUsage } from '@quern/spec';
import { type ChunkStore, openModel, type OpenModelOptions, roomFor } from '@quern/store';
import { openDirectoryChunkStore } from '@quern/store/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SharedLocks } from './files-in-use.ts';
import { createKeeper, type Keeper } from './keeper.ts';

const usage = async () => undefined;
const refused = new QuernError('storage-error', 'IndexedDB is refused');

function source(origin: ByteSource['origin']): ByteSource {
  const read = () => Promise.reject(new Error('not read in this test'));
  return { name: 'x', byteLength: 1, origin, bytesFetched: 0, read, close: async () => undefined };
}

it('opens without a cache where there is none, and warns of it if the model would have been kept', async () => {
  const asked: OpenModelOptions[] = [];
  for (const [origin, expected] of [
    ['network', [refused]],
    ['file', []],
  ] as const) {
    const keeper = createKeeper({
      openStore: () => Promise.reject(refused),
      openModel: async (_model, options) => (asked.push(options), [source(origin)]),
      usage,
    });
    const warnings: QuernError[] = [];
    const signal = new AbortController().signal;
    const request = { model: 'm', baseUrl: 'http://page/', token: 'T', hubBaseUrl: 'http://hub/' };
    await keeper.open(request, { onWarning: (warning) => warnings.push(warning), signal });
    expect(warnings).toEqual(expected);
    expect(asked.at(-1)).toMatchObject({ baseUrl: 'http://page/', token: 'T', signal });
    expect(asked.at(-1)!.hubUrl).toBe('http://hub/');
    expect(asked.at(-1)!.store).toBeUndefined();
  }
});

it('warns of each kind of trouble once, however many files have it', async () => {
  const keeper = createKeeper({
    openStore: () => Promise.reject(refused),
    openModel: async (_model, { onWarning }) => {
      for (const code of ['storage-full', 'storage-full', 'storage-error'] as const) {
        onWarning?.(new QuernError(code, 'first'));
        onWarning?.(new QuernError(code, 'second'));
      }
      return [];
    },
    usage,
  });
  const warnings: QuernError[] = [];
  await keeper.open({ model: 'm' }, { onWarning: (warning) => warnings.push(warning) });
  expect(warnings.map(({ code, message }) => `${code} ${message}`)).toEqual([
    'storage-full first',
    'storage-error first',
  ]);
});

it('tells the least of what memory, the caller and the storage have for a model', async () => {
  const told = async (
    usage: () => Promise<StorageUsage | undefined>,
    memory?: number,
    memoryBytes?: number,
  ) => {
    let asked: OpenModelOptions = {};
    const keeper = createKeeper({
      openStore: () => Promise.reject(refused),
      openModel: async (_model, options) => ((asked = options), []),
      usage,
      memory,
    });
    await keeper.open({ model: 'm', ...(memoryBytes !== undefined && { memoryBytes }) });
    return asked.maxBytes?.();
  };
  const quota = async () => ({ usage: 10, quota: 110, persisted: false });
  expect(await told(quota)).toBe(100);
  expect(await told(quota, 90)).toBe(90);
  expect(await told(quota, 90, 80)).toBe(80);
  expect(await told(usage, undefined)).toBe(Infinity);
  expect(await told(() => Promise.reject(refused), 90)).toBe(90);
});

describe('with a cache', () => {
  let path: string;
  let store: ChunkStore;
  let requests: string[];
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'keeper-'));
    store = await openDirectoryChunkStore(path);
    requests = [];
  });
  afterEach(async () => {
    await store.close();
    await rm(path, { recursive: true });
  });

  const url = (name: string) => `https://a.example/${name}.gguf`;

  /** Every file of the network has 1000 bytes. */
  async function serve(input: RequestInfo | URL): Promise<Response> {
    requests.push(String(input instanceof Request ? input.url : input));
    return new Response(new Uint8Array(1000), { headers: { 'content-length': '1000', etag: '"1"' } });
  }

  /** A storage in which so many bytes are missing for a model of 1000 bytes; below 0: there is room. */
  function keeper(missing = -1e6, locks?: SharedLocks): Keeper {
    const told: StorageUsage = { usage: 5e6, quota: 5e6 + roomFor(1000) - missing, persisted: false };
    return createKeeper({
      openStore: async () => store,
      openModel: (model, options) => openModel(model, { ...options, fetch: serve }),
      usage: async () => told,
      locks,
    });
  }

  async function names(): Promise<string[]> {
    const models = await keeper().list();
    return models.filter(({ complete }) => complete).map(({ name }) => name);
  }

  it('downloads a model, and tells how far it is', async () => {
    const seen: Progress[] = [];
    const model = await keeper(0).download(
      { model: url('x') },
      { onProgress: (progress) => seen.push(progress) },
    );
    expect(model).toMatchObject({ id: url('x'), name: 'x', bytes: 1000, complete: true });
    expect(seen.at(-1)).toMatchObject({ phase: 'download', loaded: 1000, total: 1000, from: 'network' });
    expect(await keeper().download({ model: url('x') })).toMatchObject({ complete: true });
    expect(requests).toEqual([url('x')]);
  });

  it('does not begin to keep what has no room, and deletes nothing unless it may', async () => {
    await keeper().download({ model: url('a') });
    const warnings: QuernError[] = [];
    const onWarning = (warning: QuernError) => warnings.push(warning);
    for (const makeRoom of [undefined, 'never'] as const) {
      const keeping = keeper(100);
      const [source] = await keeping.open({ model: url('b'), makeRoom }, { onWarning });
      expect((await source!.read(0, 1000)).length).toBe(1000);
      await source!.close();
      expect(warnings.splice(0)).toMatchObject([
        {
          code: 'storage-full',
          message: expect.stringMatching(/takes 17 MB, .* room for 17 MB, so 0.0 MB are missing/),
        },
      ]);
      await expect(keeping.download({ model: url('b'), makeRoom })).rejects.toMatchObject({
        code: 'storage-full',
        message: expect.stringContaining("makeRoom: 'least-recently-used'"),
      });
    }
    expect(await names()).toEqual(['a']);
  });

  it('makes room by policy, and tells what went', async () => {
    for (const name of ['a', 'b']) await keeper().download({ model: url(name) });
    const warnings: QuernError[] = [];
    const request = { model: url('c'), makeRoom: 'least-recently-used' } as const;
    await keeper(1000).download(request, { onWarning: (warning) => warnings.push(warning) });
    expect(warnings).toMatchObject([{ message: expect.stringMatching(/: a went from the cache/) }]);
    expect(await names()).toEqual(['c', 'b']);
  });

  it('never takes what another load uses, in this tab or another', async () => {
    const locks = new SharedLocksOfTest();
    const used = new AbortController();
    await keeper().download({ model: url('a') });
    const other = keeper(-1e6, locks);
    for (const source of await other.open({ model: url('a') }, { signal: used.signal })) await source.close();
    const request = { model: url('b'), makeRoom: 'least-recently-used' } as const;
    await expect(keeper(1000, locks).download(request)).rejects.toMatchObject({
      code: 'storage-full',
      message: expect.stringContaining('not in use'),
    });
    expect(await names()).toEqual(['a']);
    used.abort();
    await new Promise((resolve) => setTimeout(resolve, 0));
    await keeper(1000, locks).download(request);
    expect(await names()).toEqual(['b']);
  });
});

/** Shared locks, which are never waited for. */
class SharedLocksOfTest implements SharedLocks {
  readonly #held: string[] = [];

  async query(): Promise<LockManagerSnapshot> {
    return { held: this.#held.map((name) => ({ name, mode: 'shared' as const })), pending: [] };
  }

  async request(name: string, ...rest: unknown[]): Promise<never> {
    this.#held.push(name);
    await (rest.at(-1) as () => Promise<unknown>)();
    this.#held.splice(this.#held.indexOf(name), 1);
    return undefined as never;
  }
}
