// What of a page's options may cross to the worker.

import { type LoadRequest, plainRef } from '../wire/host-api.ts';

export function toLoadRequest(options: Omit<LoadRequest, 'baseUrl'>): LoadRequest {
  const { model, contextLength, kv, memoryBytes, variants, token, hubBaseUrl, makeRoom } = options;
  return {
    model: plainRef(model),
    baseUrl: globalThis.document?.baseURI ?? globalThis.location?.href,
    contextLength,
    kv,
    memoryBytes,
    variants,
    token,
    hubBaseUrl,
    makeRoom,
  };
}
