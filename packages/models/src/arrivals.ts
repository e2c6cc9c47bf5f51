// Which GPU buffers have all their weights: each is filled by one tensor of the file or by several, and what reads a
// buffer may run once the last of them was written.

import { throwIfAborted } from '@quern/spec';

interface Waiting {
  readonly buffers: Iterable<GPUBuffer>;
  arrive(): void;
}

export class Arrivals {
  /** Tensors that are not whole yet, by the buffer that they go to. */
  readonly #missing = new Map<GPUBuffer, Set<string>>();
  readonly #goesTo = new Map<string, Set<GPUBuffer>>();
  readonly #waiting = new Set<Waiting>();

  /** `tensor` will be written to `buffers`, and maybe to others that were named before. */
  expect(tensor: string, buffers: Iterable<GPUBuffer>): void {
    const targets = this.#goesTo.get(tensor) ?? new Set();
    this.#goesTo.set(tensor, targets);
    for (const buffer of buffers) {
      targets.add(buffer);
      const missing = this.#missing.get(buffer) ?? new Set();
      this.#missing.set(buffer, missing.add(tensor));
    }
  }

  /** All of it is written: what the queue is given from here on finds it there. */
  arrived(tensor: string): void {
    for (const buffer of this.#goesTo.get(tensor) ?? []) {
      const missing = this.#missing.get(buffer);
      missing?.delete(tensor);
      if (missing?.size === 0) this.#missing.delete(buffer);
    }
    this.#goesTo.delete(tensor);
    for (const entry of this.#waiting) {
      if (!this.#whole(entry.buffers)) continue;
      this.#waiting.delete(entry);
      entry.arrive();
    }
  }

  /** Resolves when nothing is missing in any of them. Throws 'aborted'. */
  async whole(buffers: Iterable<GPUBuffer>, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    if (this.#whole(buffers)) return;
    let stop: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      const entry = { buffers, arrive: resolve };
      this.#waiting.add(entry);
      stop = () => {
        this.#waiting.delete(entry);
        resolve();
      };
      signal.addEventListener('abort', stop);
    });
    signal.removeEventListener('abort', stop!);
    throwIfAborted(signal);
  }

  #whole(buffers: Iterable<GPUBuffer>): boolean {
    for (const buffer of buffers) if (this.#missing.has(buffer)) return false;
    return true;
  }
}
