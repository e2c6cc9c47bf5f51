// A load request -> an engine, in this very process: Dawn for the GPU, a folder for the cache.

import { dawnVersion, openDawn } from '@quern/gpu/node';
import type { ByteSource, InferenceEngine } from '@quern/spec';
import type { Backend } from '../api/engine.ts';
import type { OpenHooks } from '../api/keeper.ts';
import type { LoadHooks } from '../api/load-hooks.ts';
import { loadRequested } from '../api/load-requested.ts';
import type { LoadRequest } from '../wire/host-api.ts';
import { folderKeptValues } from '@quern/store/node';
import { choicesFolder } from './cache-folder.ts';
import { openKeeper } from './keeper.ts';

export function openFiles(request: LoadRequest, hooks: OpenHooks): Promise<ByteSource[]> {
  return openKeeper().open(request, hooks);
}

export function loadInProcess(request: LoadRequest, hooks: LoadHooks): Promise<InferenceEngine> {
  const platform = `Node ${process.version}, Dawn ${dawnVersion()}, ${process.platform} ${process.arch}`;
  const selfTest = { kept: folderKeptValues(choicesFolder()), platform };
  return loadRequested(openKeeper(), request, hooks, { selfTest, openGpu: openDawn });
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
