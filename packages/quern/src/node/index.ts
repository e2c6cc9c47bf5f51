// The door for Node, Deno and Bun: the same engine without a worker. WebGPU is Dawn, from the optional peer
// package `webgpu`; a machine without a GPU computes on the SwiftShader of an installed Chromium. A process
// that is done should call unload(), and process.exit() if Dawn's threads keep it.

import { throwIfAborted } from '@quern/spec';
import { type EngineRequest, readEarlyPrompt } from '../api/early-prompt.ts';
import { type Engine, makeEngine } from '../api/engine.ts';
import type { LoadHooks } from '../api/load-hooks.ts';
import { inProcess, loadInProcess } from './load-model.ts';

export { openModels } from './open-models.ts';
export * from '../exported-types.ts';
export { QuernError, type QuernErrorCode } from '@quern/spec';

export interface CreateEngineOptions extends EngineRequest, LoadHooks {}

/**
 * Loads a model: a path of a file or folder, a URL, a hub id, a Blob, or the list of one model's files.
 * Downloads are kept under QUERN_CACHE (~/.cache/quern). Throws what the page's createEngine throws.
 */
export async function createEngine(options: CreateEngineOptions): Promise<Engine> {
  const { onProgress, onWarning, signal, ...rest } = options;
  throwIfAborted(signal);
  const request = { ...rest, prompt: readEarlyPrompt(rest.prompt) };
  const engine = await loadInProcess(request, { onProgress, onWarning, signal });
  return makeEngine(inProcess(engine, request));
}
