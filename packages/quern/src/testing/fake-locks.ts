// Web Locks for tests in Node: exclusive locks, waiters in order, signals heeded.

import type { Locks } from '../wire/life-lock.ts';

type Granted = (lock: Lock | null) => unknown;

export class FakeLocks {
  readonly #queues = new Map<string, Array<() => void>>();
  readonly #kills = new Map<string, () => void>();

  readonly locks = {
    request: (name: string, first: LockOptions | Granted, second?: Granted): Promise<unknown> => {
      const granted = typeof first === 'function' ? first : second!;
      const signal = typeof first === 'function' ? undefined : first.signal;
      return this.#request(name, granted, signal);
    },
  } as unknown as Locks;

  /** The names of locks that are held. */
  get held(): string[] {
    return [...this.#kills.keys()];
  }

  /** What a browser does when the page or worker that holds the lock ends. */
  kill(name: string): void {
    this.#kills.get(name)!();
  }

  async #request(name: string, granted: Granted, signal?: AbortSignal): Promise<unknown> {
    if (signal?.aborted) throw signal.reason as Error;
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    // Whoever is first in the queue has the lock, also while it has not yet noticed.
    await new Promise<void>((resolve, reject) => {
      queue.push(resolve);
      if (queue.length === 1) return resolve();
      signal?.addEventListener('abort', () => {
        const at = queue.indexOf(resolve);
        if (at < 1) return; // granted meanwhile: a signal ends the waiting only
        queue.splice(at, 1);
        reject(signal.reason as Error);
      });
    });
    const killed = new Promise<void>((resolve) => this.#kills.set(name, resolve));
    try {
      return await Promise.race([granted(null), killed]);
    } finally {
      this.#kills.delete(name);
      queue.shift();
      queue[0]?.();
    }
  }
}
