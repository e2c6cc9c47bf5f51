// Web Locks for tests in Node: exclusive locks, waiters in order, signals heeded, stealing.

import type { Locks } from '../wire/life-lock.ts';

type Granted = (lock: Lock | null) => unknown;

interface Waiter {
  grant: () => void;
  /** Once granted: takes it away. */
  rob: (reason: Error) => void;
}

export class FakeLocks {
  readonly #queues = new Map<string, Waiter[]>();
  readonly #kills = new Map<string, () => void>();

  readonly locks = {
    request: (name: string, first: LockOptions | Granted, second?: Granted): Promise<unknown> => {
      const granted = typeof first === 'function' ? first : second!;
      return this.#request(name, granted, typeof first === 'function' ? {} : first);
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

  async #request(name: string, granted: Granted, { signal, steal }: LockOptions): Promise<unknown> {
    if (signal?.aborted) throw signal.reason as Error;
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    let rob!: Waiter['rob'];
    const robbed = new Promise<never>((_, reject) => (rob = reject));
    robbed.catch(() => undefined);
    const own: Waiter = { grant: () => undefined, rob };
    // Whoever is first in the queue has the lock, also while it has not yet noticed.
    if (steal) {
      queue.shift()?.rob(new DOMException('stolen', 'AbortError'));
      queue.unshift(own);
    } else {
      await new Promise<void>((resolve, reject) => {
        own.grant = resolve;
        queue.push(own);
        if (queue.length === 1) return resolve();
        signal?.addEventListener('abort', () => {
          const at = queue.indexOf(own);
          if (at < 1) return; // granted meanwhile: a signal ends the waiting only
          queue.splice(at, 1);
          reject(signal.reason as Error);
        });
      });
    }
    const killed = new Promise<void>((resolve) => this.#kills.set(name, resolve));
    try {
      return await Promise.race([granted(null), killed, robbed]);
    } finally {
      if (queue[0] === own) {
        this.#kills.delete(name);
        queue.shift();
        queue[0]?.grant();
      }
    }
  }
}
