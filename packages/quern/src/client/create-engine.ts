// createEngine on a page: the engine runs in a worker.

import { throwIfAborted } from '@quern/spec';
import { type Engine, makeEngine } from '../api/engine.ts';
import type { LoadHooks } from '../api/load-hooks.ts';
import { type LoadRequest, plainRef } from '../wire/host-api.ts';
import { platformLocks } from '../wire/life-lock.ts';
import { connect, type HostEndpoint } from './link.ts';
import { loadRemote, remoteBackend } from './remote-backend.ts';
import { startWorker } from './start-worker.ts';

export interface CreateEngineOptions extends Omit<LoadRequest, 'baseUrl'>, LoadHooks {
  /** A worker that runs 'quern/worker', or a port to one. Default: started from beside this module. */
  worker?: HostEndpoint;
}

/**
 * Loads a model in a worker. Throws QuernError: 'not-found', 'network', 'corrupt-file',
 * 'unsupported-architecture', 'unsupported-dtype', 'unsupported-tokenizer', 'webgpu-unavailable',
 * 'out-of-memory', 'storage-full', 'aborted'; 'invalid-request' where the worker already holds another model.
 */
export async function createEngine(options: CreateEngineOptions): Promise<Engine> {
  const { signal } = options;
  throwIfAborted(signal);
  const started = options.worker ? undefined : startWorker();
  const endpoint = options.worker ?? started!.worker;
  try {
    const link = await connect(endpoint, platformLocks(), signal);
    try {
      const request = toLoadRequest(options);
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

/** Only what may cross to the worker. */
function toLoadRequest(options: CreateEngineOptions): LoadRequest {
  const { model, contextLength, kv, variants, token, hubBaseUrl } = options;
  return {
    model: plainRef(model),
    baseUrl: globalThis.document?.baseURI ?? globalThis.location?.href,
    contextLength,
    kv,
    variants,
    token,
    hubBaseUrl,
  };
}
