// One model on its way into the cache: started, paused, gone on with. No DOM here. What has come is kept by the package,
// so that a pause is no more than the end of a request, and going on asks for what is missing.
import type { ModelRef, Models, Progress } from './engine.ts';

export type DownloadState = 'idle' | 'running' | 'paused' | 'failed';

export class Download {
  readonly #models: Pick<Models, 'download'>;
  readonly #model: ModelRef;
  readonly #onChange: () => void;
  #controller: AbortController | undefined;
  #state: DownloadState = 'idle';
  progress: Progress | undefined;
  /** Why it failed. */
  error: unknown;

  constructor(models: Pick<Models, 'download'>, model: ModelRef, onChange: () => void) {
    this.#models = models;
    this.#model = model;
    this.#onChange = onChange;
  }

  get state(): DownloadState {
    return this.#state;
  }

  /**
   * Resolves when it ends, in whatever state; true when all of the model is there. With `makeRoom` other models may be
   * deleted for it, those used longest ago first: only for somebody who said so.
   */
  async run(makeRoom = false): Promise<boolean> {
    if (this.#controller) return false;
    const controller = new AbortController();
    this.#controller = controller;
    this.error = undefined;
    this.#become('running');
    try {
      await this.#models.download({
        model: this.#model,
        ...(makeRoom && { makeRoom: 'least-recently-used' as const }),
        signal: controller.signal,
        onProgress: (progress) => {
          if (controller.signal.aborted) return;
          this.progress = progress;
          this.#onChange();
        },
      });
      this.#controller = undefined;
      this.progress = undefined;
      this.#become('idle');
      return true;
    } catch (error) {
      this.#controller = undefined;
      if (!controller.signal.aborted) this.error = error;
      this.#become(controller.signal.aborted ? 'paused' : 'failed');
      return false;
    }
  }

  pause(): void {
    this.#controller?.abort();
  }

  /** Forgets how far it was: the model was deleted. */
  reset(): void {
    this.progress = undefined;
    this.error = undefined;
    if (!this.#controller) this.#become('idle');
  }

  #become(state: DownloadState): void {
    this.#state = state;
    this.#onChange();
  }
}
