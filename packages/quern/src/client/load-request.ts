// What of a page's options may cross to the worker.

import { type EngineRequest, readEarlyPrompt } from '../api/early-prompt.ts';
import { type LoadRequest, plainRef } from '../wire/host-api.ts';

/** Throws 'invalid-request' for a prompt that is none. */
export function toLoadRequest(options: EngineRequest): LoadRequest {
  const { model, contextLength, kv, memoryBytes, numerics, variants, token, hubBaseUrl, makeRoom } = options;
  return {
    model: plainRef(model),
    baseUrl: globalThis.document?.baseURI ?? globalThis.location?.href,
    contextLength,
    kv,
    memoryBytes,
    numerics,
    variants,
    prompt: readEarlyPrompt(options.prompt),
    token,
    hubBaseUrl,
    makeRoom,
  };
}
