// The one engine of a host, and who holds it. Clients that ask for the same model share it; the last to
// let go frees the GPU, and cancels the load if it is still going on.

import { type InferenceEngine, type Progress, QuernError } from '@quern/spec';
import type { LoadRequest } from '../wire/host-api.ts';
import { requestKey } from '../wire/request-key.ts';

/** What a load tells of itself. */
export interface LoadTold {
  onProgress: (progress: Progress) => void;
  /** What went wrong without ending the load. */
  onWarning: (warning: QuernError) => void;
}

export type LoadModel = (
  request: LoadRequest,
  hooks: LoadTold & { signal: AbortSignal },
) => Promise<InferenceEngine>;

interface Held {
  key: string;
  clients: Map<string, LoadTold>;
  /** For clients that come later. */
  warnings: QuernError[];
  stop: AbortController;
  engine: Promise<InferenceEngine>;
}

export class EngineSlot {
  readonly #load: LoadModel;
  #held: Held | undefined;
  /** Settles when what was let go of has left the GPU. */
  #freed: Promise<void> = Promise.resolve();

  constructor(load: LoadModel) {
    this.#load = load;
  }

  /** Resolves when the engine is ready. Throws 'invalid-request' where another model is held. */
  acquire(client: string, request: LoadRequest, told: LoadTold): Promise<InferenceEngine> {
    const key = requestKey(request);
    if (this.#held && this.#held.key !== key) {
      throw new QuernError(
        'invalid-request',
        'This worker already holds another model, or the same with other options. Unload that one first, or start another worker.',
      );
    }
    this.#held ??= this.#start(key, request);
    this.#held.clients.set(client, told);
    this.#held.warnings.forEach(told.onWarning);
    return this.#held.engine;
  }

  async release(client: string): Promise<void> {
    const held = this.#held;
    if (!held?.clients.delete(client) || held.clients.size > 0) return;
    this.#held = undefined;
    held.stop.abort();
    this.#freed = held.engine.then(
      (engine) => engine.unload(),
      () => undefined, // it never loaded, so there is nothing to free
    );
    await this.#freed;
  }

  #start(key: string, request: LoadRequest): Held {
    const clients: Held['clients'] = new Map();
    const stop = new AbortController();
    const warnings: QuernError[] = [];
    const onProgress = (progress: Progress) => {
      for (const told of clients.values()) told.onProgress(progress);
    };
    const onWarning = (warning: QuernError) => {
      warnings.push(warning);
      for (const told of clients.values()) told.onWarning(warning);
    };
    const engine = this.#freed
      .catch(() => undefined) // whoever let go was told
      .then(() => this.#load(request, { onProgress, onWarning, signal: stop.signal }));
    return { key, clients, warnings, stop, engine };
  }
}
