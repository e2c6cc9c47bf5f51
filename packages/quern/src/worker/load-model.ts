// A load request -> an engine, in a worker: files from the network, the browser's store or the user.

import { adapterCaps } from '@quern/gpu';
import type { LoadPlan } from '@quern/spec';
import { indexedDbKeptValues, openIndexedDbChunkStore, openModel, originUsage } from '@quern/store';
import { createKeeper } from '../api/keeper.ts';
import { loadRequested } from '../api/load-requested.ts';
import { memoryForModels } from './memory-for-models.ts';
import { planModel } from '../api/plan-model.ts';
import type { LoadRequest } from '../wire/host-api.ts';
import type { LoadModel } from './engine-slot.ts';

export const keeper = createKeeper({
  openStore: openIndexedDbChunkStore,
  openModel,
  usage: originUsage,
  memory: memoryForModels(globalThis.navigator),
  locks: globalThis.navigator?.locks,
});

const selfTest = { kept: indexedDbKeptValues(), platform: globalThis.navigator?.userAgent ?? '' };

export const loadModel: LoadModel = (request, hooks) => loadRequested(keeper, request, hooks, { selfTest });

export function plan(request: LoadRequest, signal: AbortSignal): Promise<LoadPlan> {
  return planModel(keeper, adapterCaps, request, signal);
}
