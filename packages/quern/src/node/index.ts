// The door for Node, Deno and Bun: the same engine without a worker. WebGPU is Dawn, from the optional peer
// package `webgpu`; a machine without a GPU computes on the SwiftShader of an installed Chromium. A process
// that is done should call unload(), and process.exit() if Dawn's threads keep it.

import { type Progress, throwIfAborted } from '@quern/spec';
import { type Engine, makeEngine } from '../api/engine.ts';
import type { LoadRequest } from '../wire/host-api.ts';
import { inProcess, loadInProcess } from './load-model.ts';

export { openModels } from './open-models.ts';
export * from '../exported-types.ts';
export { QuernError, type QuernErrorCode } from '@quern/spec';

export interface CreateEngineOptions extends Omit<LoadRequest, 'baseUrl'> {
  /** Bytes, rate and phase of the load. */
  onProgress?: (progress: Progress) => void;
  /** Ends the load; what was downloaded stays for the next one. */
  signal?: AbortSignal;
}

/**
 * Loads a model: a path of a file or folder, a URL, a hub id, a Blob, or the list of one model's files.
 * Downloads are kept under QUERN_CACHE (~/.cache/quern). Throws what the page's createEngine throws.
 */
export async function createEngine(options: CreateEngineOptions): Promise<Engine> {
  const { onProgress, signal, ...request } = options;
  throwIfAborted(signal);
  return makeEngine(inProcess(await loadInProcess(request, { onProgress, signal }), request));
}
