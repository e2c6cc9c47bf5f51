// The one engine of a page, and its life: load, replace, cancel, unload.
import {
  createEngine,
  QuernError,
  type ChatMessageParam,
  type Engine,
  type Numerics,
  type Progress,
} from './engine.ts';
import type { ModelChoice } from './models.ts';

/** What a prompt may fail with that another, or none, would not. */
const PROMPT_CODES = new Set(['context-overflow', 'invalid-request', 'template-error']);

export interface LoadHooks {
  /** What will be asked first: it is computed while the weights arrive. */
  prompt?: ChatMessageParam[];
  numerics?: Numerics;
  onProgress: (progress: Progress) => void;
  onWarning?: (warning: QuernError) => void;
}

export class Session {
  #engine: Engine | undefined;
  #loading: AbortController | undefined;
  #choice: ModelChoice | undefined;

  get engine(): Engine | undefined {
    return this.#engine;
  }

  /** The model that is loaded. */
  get choice(): ModelChoice | undefined {
    return this.#choice;
  }

  get isLoading(): boolean {
    return this.#loading !== undefined;
  }

  cancel(): void {
    this.#loading?.abort();
  }

  /**
   * Frees the GPU of the model before: there may not be room for two. `onWarning` hears of what does not end the load:
   * its bytes cannot be kept. Throws what createEngine throws.
   */
  async load(choice: ModelChoice, hooks: LoadHooks): Promise<Engine> {
    if (this.#loading) throw new Error('a model is being loaded');
    const controller = new AbortController();
    this.#loading = controller;
    try {
      const engine = await this.#replace(choice, controller.signal, hooks);
      this.#engine = engine;
      this.#choice = choice;
      return engine;
    } finally {
      this.#loading = undefined;
    }
  }

  async #replace(choice: ModelChoice, signal: AbortSignal, hooks: LoadHooks) {
    const before = this.#engine;
    this.#engine = undefined;
    this.#choice = undefined;
    await before?.unload();
    const { prompt, ...rest } = hooks;
    const options = { model: choice.source, signal, ...rest };
    if (!prompt) return createEngine(options);
    try {
      return await createEngine({ ...options, prompt });
    } catch (error) {
      // The model may be good all the same: a base model has no chat template. The request will tell what is wrong.
      if (!PROMPT_CODES.has(QuernError.from(error).code)) throw error;
      return createEngine(options);
    }
  }
}
