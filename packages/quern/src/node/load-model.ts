// A load request -> an engine, in this very process: Dawn for the GPU, a folder for the cache.

import { loadEngine } from '@quern/engine';
import { openDawn } from '@quern/gpu/node';
import type { ByteSource, InferenceEngine, Progress } from '@quern/spec';
import { openDirectoryChunkStore, openModel } from '@quern/store/node';
import type { Backend } from '../api/engine.ts';
import type { LoadRequest } from '../wire/host-api.ts';
import { chunkFolder } from './cache-folder.ts';

export async function openFiles(request: LoadRequest, signal?: AbortSignal): Promise<ByteSource[]> {
  const { model, token, hubBaseUrl: hubUrl } = request;
  const store = await openDirectoryChunkStore(chunkFolder());
  return openModel(model, { store, token, hubUrl, signal });
}

export async function loadInProcess(
  request: LoadRequest,
  hooks: { onProgress?: (progress: Progress) => void; signal?: AbortSignal },
): Promise<InferenceEngine> {
  const { contextLength, kv, variants } = request;
  const sources = await openFiles(request, hooks.signal);
  const gpu = await openDawn().catch(async (error: unknown) => {
    await Promise.allSettled(sources.map((source) => source.close()));
    throw error;
  });
  return loadEngine({ sources, gpu, contextLength, kv, variants, ...hooks });
}

/** The engine of this process, as its users' calls need it: adapters come from where the model came from. */
export function inProcess(engine: InferenceEngine, request: LoadRequest): Backend {
  return {
    generate: (...args) => engine.generate(...args),
    perplexity: (...args) => engine.perplexity(...args),
    bench: (...args) => engine.bench(...args),
    profile: (phase) => engine.profile(phase),
    info: () => engine.info(),
    loadAdapter: async ({ id, model }, signal) =>
      engine.loadAdapter(id, await openFiles({ ...request, model }, signal), signal),
    unloadAdapter: (id) => engine.unloadAdapter(id),
    unload: () => engine.unload(),
  };
}
