// One request steps the GPU at a time; the others wait their turn, in order.

import { throwIfAborted } from '@quern/spec';

export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is the caller's turn, with what ends it. Throws 'aborted' if the signal fires first. */
  async take(signal?: AbortSignal): Promise<() => void> {
    throwIfAborted(signal); // a signal that has fired tells its listeners nothing any more
    const before = this.#last;
    let end!: () => void;
    const mine = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#last = before.then(() => mine);
    let stopWaiting: (() => void) | undefined;
    const aborted = new Promise<void>((resolve) => {
      stopWaiting = resolve;
      signal?.addEventListener('abort', stopWaiting, { once: true });
    });
    await Promise.race(signal ? [before, aborted] : [before]);
    if (stopWaiting) signal?.removeEventListener('abort', stopWaiting);
    try {
      throwIfAborted(signal);
    } catch (error) {
      end();
      throw error;
    }
    return end;
  }
}
