// A load request -> an engine, in a worker: files from the network, the browser's store or the user.

import { loadEngine } from '@quern/engine';
import { type ChunkStore, openIndexedDbChunkStore, openModel, originUsage } from '@quern/store';
import type { ByteSource } from '@quern/spec';
import { createKeeper } from '../api/keeper.ts';
import type { AdapterRequest } from '../wire/host-api.ts';
import type { LoadModel } from './engine-slot.ts';

export const loadModel: LoadModel = async (request, { onProgress, signal }) => {
  const { contextLength, kv, variants } = request;
  const sources = await openFiles(request, signal);
  return loadEngine({ sources, contextLength, kv, variants, onProgress, signal });
};

/** The files of a model or an adapter. */
export async function openFiles(
  { model, baseUrl, token, hubBaseUrl: hubUrl }: Omit<AdapterRequest, 'id'>,
  signal: AbortSignal,
): Promise<ByteSource[]> {
  return openModel(model, { store: await openStore(), baseUrl, token, hubUrl, signal });
}

export const keeper = createKeeper({ openStore: openIndexedDbChunkStore, usage: originUsage });

/** Private windows may refuse to store; the model then comes over the network each time. */
function openStore(): Promise<ChunkStore | undefined> {
  return openIndexedDbChunkStore().catch(() => undefined);
}
