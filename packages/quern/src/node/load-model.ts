// A load request -> an engine, in this very process: Dawn for the GPU, a folder for the cache.

import { loadEngine } from '@quern/engine';
import { openDawn } from '@quern/gpu/node';
import type { ByteSource, InferenceEngine } from '@quern/spec';
import { ByteBudget } from '@quern/store';
import type { Backend } from '../api/engine.ts';
import type { OpenHooks } from '../api/keeper.ts';
import type { LoadHooks } from '../api/load-hooks.ts';
import type { LoadRequest } from '../wire/host-api.ts';
import { openKeeper } from './keeper.ts';

export function openFiles(request: LoadRequest, hooks: OpenHooks): Promise<ByteSource[]> {
  return openKeeper().open(request, hooks);
}

export async function loadInProcess(request: LoadRequest, hooks: LoadHooks): Promise<InferenceEngine> {
  const { contextLength, kv, memoryBytes, variants, prompt } = request;
  const { onProgress, signal } = hooks;
  const budget = new ByteBudget();
  const sources = await openFiles(request, { ...hooks, budget });
  const gpu = await openDawn().catch(async (error: unknown) => {
    await Promise.allSettled(sources.map((source) => source.close()));
    throw error;
  });
  return loadEngine({
    sources,
    gpu,
    contextLength,
    kv,
    memoryBytes,
    variants,
    prompt,
    budget,
    onProgress,
    signal,
  });
}

/** The engine of this process, as its users' calls need it: adapters come from where the model came from. */
export function inProcess(engine: InferenceEngine, request: LoadRequest): Backend {
  return {
    generate: (...args) => engine.generate(...args),
    perplexity: (...args) => engine.perplexity(...args),
    bench: (...args) => engine.bench(...args),
    profile: (phase) => engine.profile(phase),
    roofline: () => engine.roofline(),
    info: () => engine.info(),
    loadAdapter: async ({ id, model }, signal) =>
      engine.loadAdapter(id, await openFiles({ ...request, model }, { signal }), signal),
    unloadAdapter: (id) => engine.unloadAdapter(id),
    unload: () => engine.unload(),
  };
}
