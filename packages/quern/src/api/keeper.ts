// Who has the files of models: opens them through the cache, and does what Models asks for where the cache is at
// hand, in a worker and in Node. The cache is opened when it is first needed.

import {
  type ByteSource,
  type CachedModel,
  QuernError,
  type StorageUsage,
  type VerifyReport,
} from '@quern/spec';
import { type ByteBudget, type ChunkStore, loadUpkeep, type OpenModelOptions } from '@quern/store';
import type { LoadRequest, ModelRef } from '../wire/host-api.ts';
import type { LoadHooks } from './load-hooks.ts';
import type { VerifyOptions } from './models.ts';

/** Which files. */
export type FilesRequest = Pick<LoadRequest, 'model' | 'baseUrl' | 'token' | 'hubBaseUrl'>;

export type OpenHooks = Pick<LoadHooks, 'onWarning' | 'signal'> & { budget?: ByteBudget };

export interface Keeper {
  /**
   * The files of a model or an adapter. Where nothing can be kept they come over the network all the same, and
   * `onWarning` hears of it, of each kind of trouble once. `budget`: the bytes that they share with their reader. Throws 'not-found', 'network', 'invalid-request', 'aborted'.
   */
  open(request: FilesRequest, hooks?: OpenHooks): Promise<ByteSource[]>;
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
}

export function createKeeper({ openStore, openModel, usage }: KeeperOptions): Keeper {
  let opened: Promise<ChunkStore> | undefined;
  const store = (): Promise<ChunkStore> => {
    const opening = (opened ??= openStore());
    // A refusal is not remembered: it may have been given for this once.
    opening.catch(() => (opened = undefined));
    return opening;
  };
  return {
    async open({ model, baseUrl, token, hubBaseUrl: hubUrl }, { onWarning, signal, budget } = {}) {
      const warn = onceOfEach(onWarning);
      let refusal: QuernError | undefined;
      const kept = await store().catch((error: unknown) => {
        refusal = QuernError.from(error, 'storage-error');
        return undefined;
      });
      const sources = await openModel(model, {
        store: kept,
        budget,
        onWarning: warn,
        baseUrl,
        token,
        hubUrl,
        signal,
      });
      if (refusal && sources.some(({ origin }) => origin !== 'file')) warn(refusal);
      return sources;
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
