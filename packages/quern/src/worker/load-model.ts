// A load request -> an engine, in a worker: files from the network, the browser's store or the user.

import { loadEngine } from '@quern/engine';
import { openModel } from '@quern/store';
import type { LoadModel } from './engine-slot.ts';

export const loadModel: LoadModel = async (request, { onProgress, signal }) => {
  const { model, token, hubBaseUrl, contextLength, kv, variants } = request;
  const sources = await openModel(model, { token, hubBaseUrl, signal });
  return loadEngine({ sources, contextLength, kv, variants, onProgress, signal });
};
