// A load request -> an engine, in a worker: files from the network, the browser's store or the user.

import { loadEngine } from '@quern/engine';
import { type ChunkStore, openIndexedDbChunkStore, openModel } from '@quern/store';
import type { LoadModel } from './engine-slot.ts';

export const loadModel: LoadModel = async (request, { onProgress, signal }) => {
  const { model, baseUrl, token, hubBaseUrl: hubUrl, contextLength, kv, variants } = request;
  const store = await openStore();
  const sources = await openModel(model, { store, baseUrl, token, hubUrl, signal });
  return loadEngine({ sources, contextLength, kv, variants, onProgress, signal });
};

/** Private windows may refuse to store; the model then comes over the network each time. */
function openStore(): Promise<ChunkStore | undefined> {
  return openIndexedDbChunkStore().catch(() => undefined);
}
