// The one engine of a page, and its life: load, replace, cancel, unload.
import { createEngine, type Engine, type Progress } from './engine.ts';
import type { ModelChoice } from './models.ts';

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

  /** Frees the GPU of the model before: there may not be room for two. Throws what createEngine throws. */
  async load(choice: ModelChoice, onProgress: (progress: Progress) => void): Promise<Engine> {
    if (this.#loading) throw new Error('a model is being loaded');
    const controller = new AbortController();
    this.#loading = controller;
    try {
      const engine = await this.#replace(choice, controller.signal, onProgress);
      this.#engine = engine;
      this.#choice = choice;
      return engine;
    } finally {
      this.#loading = undefined;
    }
  }

  async #replace(choice: ModelChoice, signal: AbortSignal, onProgress: (progress: Progress) => void) {
    const before = this.#engine;
    this.#engine = undefined;
    this.#choice = undefined;
    await before?.unload();
    return createEngine({ model: choice.source, signal, onProgress });
  }
}
