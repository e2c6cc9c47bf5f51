// createEngine on a page: the engine runs in a worker.

import { type KvType, type Progress, throwIfAborted } from '@quern/spec';
import { type Engine, makeEngine } from '../api/engine.ts';
import type { LoadRequest, ModelRef } from '../wire/host-api.ts';
import { platformLocks } from '../wire/life-lock.ts';
import { connect } from './link.ts';
import { loadRemote, remoteBackend } from './remote-backend.ts';
import { startWorker } from './start-worker.ts';

export interface CreateEngineOptions {
  /** A URL, a Hugging Face hub id, a File or Blob, or the list of one model's files. */
  model: ModelRef;
  /** A worker that runs 'quern/worker', or a port to one. Default: started from beside this module. */
  worker?: Worker | MessagePort;
  /** Tokens. Default: min(trained length, 4096, what fits). */
  contextLength?: number;
  /** How keys and values are kept. Default 'f16'. */
  kv?: KvType;
  /** Forces kernel variants, axis -> value. */
  variants?: Record<string, string>;
  /** Access token for gated models of the hub. */
  token?: string;
  /** A mirror of the hub. Default https://huggingface.co. */
  hubBaseUrl?: string;
  /** Bytes, rate and phase of the load. */
  onProgress?: (progress: Progress) => void;
  /** Ends the load; what was downloaded stays for the next one. */
  signal?: AbortSignal;
}

/**
 * Loads a model in a worker. Throws QuernError: 'not-found', 'network', 'corrupt-file',
 * 'unsupported-architecture', 'unsupported-dtype', 'unsupported-tokenizer', 'webgpu-unavailable',
 * 'out-of-memory', 'storage-full', 'aborted'; 'invalid-request' where the worker already holds another model.
 */
export async function createEngine(options: CreateEngineOptions): Promise<Engine> {
  const { onProgress, signal } = options;
  throwIfAborted(signal);
  const started = options.worker ? undefined : startWorker();
  const endpoint = options.worker ?? started!.worker;
  try {
    const link = await connect(endpoint, platformLocks(), signal);
    try {
      await loadRemote(link, toLoadRequest(options), onProgress, signal);
      return await makeEngine(
        remoteBackend(link, () => {
          link.close();
          started?.terminate();
        }),
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

/** Only what may cross to the worker, with URLs that no longer depend on the page's own. */
function toLoadRequest(options: CreateEngineOptions): LoadRequest {
  const { model, contextLength, kv, variants, token, hubBaseUrl } = options;
  const isOne = typeof model === 'string' || model instanceof Blob;
  return {
    model: isOne ? absolute(model) : Array.from(model, absolute),
    contextLength,
    kv,
    variants,
    token,
    hubBaseUrl,
  };
}

function absolute(ref: string | Blob): string | Blob {
  if (typeof ref !== 'string' || !/^\.{0,2}\//.test(ref)) return ref;
  return new URL(ref, globalThis.document?.baseURI ?? globalThis.location?.href).href;
}
