// A load request -> an engine: its files from a keeper, and one budget for all that is held on the way.

import { type ChoiceOptions, loadEngine } from '@quern/engine';
import type { InferenceEngine } from '@quern/spec';
import { ByteBudget } from '@quern/store';
import type { LoadRequest } from '../wire/host-api.ts';
import type { Keeper } from './keeper.ts';
import type { LoadHooks } from './load-hooks.ts';

export interface Platform {
  /** For what is measured of its adapters: its name and version, and where it is kept. */
  selfTest: Omit<ChoiceOptions, 'onWarning'>;
  /** Where WebGPU is no part of it. */
  openGpu?: () => Promise<GPU>;
}

/** Throws what opening the files and loading throw. */
export async function loadRequested(
  keeper: Pick<Keeper, 'open'>,
  request: LoadRequest,
  { onProgress, onWarning, signal }: LoadHooks,
  { selfTest, openGpu }: Platform,
): Promise<InferenceEngine> {
  const { contextLength, kv, memoryBytes, numerics, variants, prompt } = request;
  const budget = new ByteBudget();
  const sources = await keeper.open(request, { onWarning, signal, budget });
  const gpu = await openGpu?.().catch(async (error: unknown) => {
    await Promise.allSettled(sources.map((source) => source.close()));
    throw error;
  });
  const asked = { contextLength, kv, memoryBytes, numerics, variants, prompt };
  return loadEngine({
    sources,
    gpu,
    budget,
    ...asked,
    selfTest: { ...selfTest, onWarning },
    onProgress,
    signal,
  });
}
