// A load request -> an engine, in this very process: Dawn for the GPU, a folder for the cache.

import { loadEngine } from '@quern/engine';
import { openDawn } from '@quern/gpu/node';
import type { ByteSource, InferenceEngine, Progress } from '@quern/spec';
import { openDirectoryChunkStore, openModel } from '@quern/store/node';
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
