// The one engine of a page, and its life: load, replace, cancel, unload.
import { createEngine, type Engine, type Progress, type QuernError } from './engine.ts';
import type { ModelChoice } from './models.ts';

export interface LoadHooks {
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
    return createEngine({ model: choice.source, signal, ...hooks });
  }
}
