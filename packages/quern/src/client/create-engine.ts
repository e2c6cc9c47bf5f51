// createEngine on a page: the engine runs in a worker.

import { QuernError, throwIfAborted } from '@quern/spec';
import type { EngineRequest } from '../api/early-prompt.ts';
import { type Engine, makeEngine } from '../api/engine.ts';
import type { LoadHooks } from '../api/load-hooks.ts';
import type { LoadRequest } from '../wire/host-api.ts';
import { platformLocks } from '../wire/life-lock.ts';
import { connect, type HostEndpoint } from './link.ts';
import { toLoadRequest } from './load-request.ts';
import { orAborted } from './or-aborted.ts';
import { persistOnDownload } from './persist.ts';
import { loadRemote, remoteBackend } from './remote-backend.ts';
import { startWorker } from './start-worker.ts';
import { lastingBackend } from './tabs/lasting-backend.ts';
import { shareAcrossTabs } from './tabs/share.ts';

export interface CreateEngineOptions extends EngineRequest, LoadHooks {
  /** A Worker or SharedWorker that runs 'quern/worker', or a port to one. Default: started from beside this module. */
  worker?: HostEndpoint;
  /**
   * One engine for all tabs of this origin that ask for the same model with the same options: in a SharedWorker
   * where that has WebGPU, else in a worker of one tab, whose place another takes when it is closed. Then answers
   * that have begun reject with 'device-lost' and can be asked for again; the model is loaded again from the cache,
   * and whatever else was or is asked waits for it. A tab that unloads and runs the worker does so until nobody uses it.
   */
  shared?: boolean;
  /**
   * Asks the browser to keep what the page stores (navigator.storage.persist) when the first bytes of a model come over
   * the network. Chromium decides by itself, Firefox asks the person. Default true.
   */
  persist?: boolean;
}

/**
 * Loads a model in a worker. Throws QuernError: 'not-found', 'network', 'corrupt-file',
 * 'unsupported-architecture', 'unsupported-dtype', 'unsupported-tokenizer', 'webgpu-unavailable',
 * 'out-of-memory', 'storage-full', 'aborted'; 'invalid-request' where the worker already holds another model.
 */
export async function createEngine(options: CreateEngineOptions): Promise<Engine> {
  const { signal } = options;
  throwIfAborted(signal);
  const request = toLoadRequest(options);
  const hooks = options.persist === false ? options : persistOnDownload(options);
  if (options.shared) {
    if (options.worker) throw new QuernError('invalid-request', SHARED_STARTS);
    const sharing = await orAborted(shareAcrossTabs(request), signal);
    if (sharing) {
      const backend = await lastingBackend(sharing, request, hooks);
      try {
        return await makeEngine(backend);
      } catch (error) {
        await backend.unload();
        throw error;
      }
    }
  }
  return ownEngine(request, hooks);
}

const SHARED_STARTS =
  '`shared` starts the worker itself. Leave `worker` out; or leave `shared` out and pass a SharedWorker, or a port of one, as `worker`.';

async function ownEngine(request: LoadRequest, options: CreateEngineOptions): Promise<Engine> {
  const { signal } = options;
  const started = options.worker ? undefined : startWorker();
  const endpoint = options.worker ?? started!.worker;
  try {
    const link = await connect(endpoint, platformLocks(), signal);
    try {
      const { baseUrl, token, hubBaseUrl } = request;
      await loadRemote(link, request, options);
      return await makeEngine(
        remoteBackend(
          link,
          () => {
            link.close();
            started?.terminate();
          },
          { baseUrl, token, hubBaseUrl },
        ),
      );
    } catch (error) {
      link.close();
      throw error;
    }
  } catch (error) {
    started?.terminate();
    throw error;
  }
}
