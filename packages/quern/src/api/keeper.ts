// Who has the files of models: opens them through the cache, and does what Models asks for where the cache is at
// hand, in a worker and in Node. The cache is opened when it is first needed.

import { type ByteSource, type CachedModel, QuernError } from '@quern/spec';
import type { StorageUsage, VerifyReport } from '@quern/spec';
import { type ByteBudget, type ChunkStore, classifyRef, hubText } from '@quern/store';
import { LoadStore, loadUpkeep, type OpenModelOptions } from '@quern/store';
import type { LoadRequest, ModelRef } from '../wire/host-api.ts';
import { holdFile, type SharedLocks } from './files-in-use.ts';
import type { LoadHooks } from './load-hooks.ts';
import type { VerifyOptions } from './models.ts';
import { makeRoomNow, seeToRoom } from './room.ts';

/** Which files. */
export type FilesRequest = Pick<
  LoadRequest,
  'model' | 'baseUrl' | 'token' | 'hubBaseUrl' | 'memoryBytes' | 'makeRoom'
>;

export interface OpenHooks extends Pick<LoadHooks, 'onWarning' | 'signal'> {
  /** The bytes that the files share with their reader. */
  budget?: ByteBudget;
  /** They are only looked at, for a plan: that is no use of them. */
  peek?: boolean;
}

export interface Keeper {
  /**
   * The files of a model or an adapter, in use until the signal fires. Where nothing can be kept they come over the
   * network all the same, and `onWarning` hears of it, of each kind of trouble once. Throws 'not-found', 'network', 'invalid-request', 'aborted'.
   */
  open(request: FilesRequest, hooks?: OpenHooks): Promise<ByteSource[]>;
  download(request: FilesRequest, hooks?: LoadHooks): Promise<CachedModel>;
  list(): Promise<CachedModel[]>;
  usage(): Promise<StorageUsage | undefined>;
  delete(id: string): Promise<void>;
  verify(id: string, options?: VerifyOptions): Promise<VerifyReport>;
  export(id: string, file: string): AsyncIterable<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

export interface KeeperOptions {
  /** Throws 'storage-error' where nothing can be kept. */
  openStore: () => Promise<ChunkStore>;
  openModel: (model: ModelRef, options: OpenModelOptions) => Promise<ByteSource[]>;
  usage: () => Promise<StorageUsage | undefined>;
  /** Bytes of memory that models may take on this device, where it tells. */
  memory?: number | undefined;
  /** Where missing, other tabs' use of a file is not known. */
  locks?: SharedLocks | undefined;
}

export function createKeeper({ openStore, openModel, usage, memory, locks }: KeeperOptions): Keeper {
  let opened: Promise<ChunkStore> | undefined;
  const store = (): Promise<ChunkStore> => {
    const opening = (opened ??= openStore());
    // A refusal is not remembered: it may have been given for this once.
    opening.catch(() => (opened = undefined));
    return opening;
  };
  /** The least of what memory, the caller and the storage have for a model. */
  const maxBytes = async ({ memoryBytes = Infinity }: FilesRequest): Promise<number> => {
    const told = await usage().catch(() => undefined);
    const free = told ? Math.max(0, told.quota - told.usage) : Infinity;
    return Math.min(memory ?? Infinity, memoryBytes, free);
  };
  const optionsFor = (request: FilesRequest): OpenModelOptions => {
    const { baseUrl, token, hubBaseUrl: hubUrl } = request;
    return { baseUrl, token, hubUrl, maxBytes: () => maxBytes(request) };
  };
  /** `kept` as a load sees it. `used` fires when its files are no longer in use; without it they are not in use. */
  const loadStore = (
    kept: ChunkStore,
    { makeRoom }: FilesRequest,
    used: AbortSignal | undefined,
    onMade: LoadHooks['onWarning'],
  ): LoadStore => {
    const room = { makeRoom, usage, locks, onMade };
    return new LoadStore(kept, {
      peek: used === undefined,
      onOpen: (key) => locks && used && holdFile(locks, key, used),
      room: (load) => seeToRoom(load, room),
      onFull: (load, bytes) => makeRoomNow(load, bytes, room),
    });
  };
  return {
    async open(request, { onWarning, signal, budget, peek } = {}) {
      const warn = onceOfEach(onWarning);
      const options = { ...optionsFor(request), onWarning: warn, signal, budget };
      let kept: ChunkStore;
      try {
        kept = await store();
      } catch (error) {
        const sources = await openModel(request.model, options);
        if (sources.some(({ origin }) => origin !== 'file')) warn(QuernError.from(error, 'storage-error'));
        return sources;
      }
      const used = peek ? undefined : (signal ?? new AbortController().signal);
      return openModel(request.model, { ...options, store: loadStore(kept, request, used, onWarning) });
    },
    async download(request, { onProgress, onWarning, signal } = {}) {
      const { model } = request;
      const kept = await store();
      const done = new AbortController();
      try {
        const { downloadModel, modelOf } = await loadUpkeep();
        const keys = await downloadModel(model, {
          ...optionsFor(request),
          onWarning,
          store: loadStore(kept, request, done.signal, onWarning),
          open: openModel,
          onProgress,
          signal,
        });
        const ref = typeof model === 'string' ? classifyRef(model) : undefined;
        return await modelOf(kept, keys, ref?.kind === 'hub' ? hubText(ref.hub) : undefined);
      } finally {
        done.abort();
      }
    },
    async list() {
      const { listModels } = await loadUpkeep();
      return listModels(await store());
    },
    usage,
    async delete(id) {
      const { deleteModel } = await loadUpkeep();
      await deleteModel(await store(), id);
    },
    async verify(id, options) {
      const { verifyModel } = await loadUpkeep();
      return verifyModel(await store(), id, options);
    },
    async *export(id, file) {
      const { exportFile } = await loadUpkeep();
      yield* exportFile(await store(), id, file);
    },
    async close() {
      const closing = opened;
      opened = undefined;
      await closing?.then(
        (store) => store.close(),
        () => undefined,
      );
    },
  };
}

/** The files of a model fail alike. */
function onceOfEach(onWarning: LoadHooks['onWarning']): (warning: QuernError) => void {
  const told = new Set<string>();
  return (warning) => {
    if (!told.has(warning.code)) onWarning?.(warning);
    told.add(warning.code);
  };
}
