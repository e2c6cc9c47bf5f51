// The bytes that a load may hold at once: what the network brought, what is hashed, stored, repacked and on its
// way to the GPU. Whoever wants more waits, and so the network waits. Part of it is kept for those who empty
// (repack, upload): else read-ahead could take everything while its reader waits for room.

import { throwIfAborted } from '@quern/spec';

export const BUDGET_BYTES = 64 * 2 ** 20;
/** Kept for those who empty. */
const RESERVED_BYTES = 16 * 2 ** 20;

export type BudgetSide = 'fill' | 'empty';

interface Waiting {
  bytes: number;
  side: BudgetSide;
  grant(): void;
}

export class ByteBudget {
  readonly limit: number;
  readonly #reserved: number;
  readonly #waiting: Waiting[] = [];
  #held = 0;
  #most = 0;

  constructor(limit = BUDGET_BYTES, reserved = Math.min(RESERVED_BYTES, limit / 4)) {
    this.limit = limit;
    this.#reserved = reserved;
  }

  get held(): number {
    return this.#held;
  }

  /** The most that was ever held at once. */
  get most(): number {
    return this.#most;
  }

  /**
   * Resolves, once there is room, to a function that gives the bytes back (calling it again does nothing). More
   * than there is at all is granted when nothing else is held. Throws 'aborted'.
   */
  async take(bytes: number, side: BudgetSide, signal?: AbortSignal): Promise<() => void> {
    throwIfAborted(signal);
    if (!this.#fits(bytes, side) || this.#waiting.some((other) => other.side === side)) {
      await this.#wait(bytes, side, signal);
    } else this.#hold(bytes);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#held -= bytes;
      this.#serve();
    };
  }

  #fits(bytes: number, side: BudgetSide): boolean {
    const limit = side === 'empty' ? this.limit : this.limit - this.#reserved;
    return this.#held === 0 || this.#held + bytes <= limit;
  }

  #hold(bytes: number): void {
    this.#held += bytes;
    this.#most = Math.max(this.#most, this.#held);
  }

  #wait(bytes: number, side: BudgetSide, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        const at = this.#waiting.indexOf(entry);
        if (at < 0) return;
        this.#waiting.splice(at, 1);
        try {
          throwIfAborted(signal);
        } catch (error) {
          reject(error as Error);
        }
        this.#serve();
      };
      const entry: Waiting = {
        bytes,
        side,
        grant: () => {
          signal?.removeEventListener('abort', onAbort);
          this.#hold(bytes);
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(entry);
    });
  }

  /** First those who empty, then the others; on each side in the order they came. */
  #serve(): void {
    for (const side of ['empty', 'fill'] as const) {
      for (;;) {
        const next = this.#waiting.find((entry) => entry.side === side);
        if (!next || !this.#fits(next.bytes, side)) break;
        this.#waiting.splice(this.#waiting.indexOf(next), 1);
        next.grant();
      }
    }
  }
}
