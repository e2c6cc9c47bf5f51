// The bytes that a load may hold at once: what the network brought, what is hashed, stored, repacked and on its
// way to the GPU. Whoever wants more waits, and so the network waits. Part of it is kept for those who empty
// (repack, upload): else read-ahead could take everything while its reader waits for room.

import { throwIfAborted } from '@quern/spec';

export const BUDGET_BYTES = 64 * 2 ** 20;
/** Kept for those who empty. */
const RESERVED_BYTES = 28 * 2 ** 20;
/** Of a small model, a third: what has gathered when it is there was its page's peak of memory. */
const SHARE_OF_MODEL = 1 / 3;
const SMALLEST_SHARE = BUDGET_BYTES / 2;

/** Who fills and keeps some of it for later: it is told when there may be room, and asked when there is none. */
export interface Keeper {
  onRoom(): void;
  /** Gives back `bytes` of what it keeps for later, or as much as it can. */
  spare(bytes: number): void;
}

type Side = 'fill' | 'empty';

interface Waiting {
  bytes: number;
  grant(): void;
}

export class ByteBudget {
  #limit: number;
  #reserved: number;
  readonly #waiting: Waiting[] = [];
  readonly #keepers = new Set<Keeper>();
  readonly #held = { fill: 0, empty: 0 };
  #most = 0;
  #serving = false;

  constructor(limit = BUDGET_BYTES, reserved = Math.min(RESERVED_BYTES, (limit * 7) / 16)) {
    this.#limit = limit;
    this.#reserved = reserved;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Of these, kept for those who empty. */
  get reserved(): number {
    return this.#reserved;
  }

  /** Less than there is will do for a model of so many bytes, if it is small. */
  suit(modelBytes: number): void {
    const enough = Math.max(SMALLEST_SHARE, modelBytes * SHARE_OF_MODEL);
    if (enough >= this.#limit) return;
    this.#reserved *= enough / this.#limit;
    this.#limit = enough;
  }

  get held(): number {
    return this.#held.fill + this.#held.empty;
  }

  /** The most that was ever held at once. */
  get most(): number {
    return this.#most;
  }

  /**
   * For who empties: resolves, once there is room, to a function that gives the bytes back (calling it again does
   * nothing). First come, first served; more than there is at all is granted when nothing else is held. Throws
   * 'aborted'.
   */
  async take(bytes: number, signal?: AbortSignal): Promise<() => void> {
    throwIfAborted(signal);
    if (this.#waiting.length === 0 && this.#hasRoom(bytes)) return this.#hold(bytes, 'empty');
    await this.#wait(bytes, signal);
    return this.#giver(bytes, 'empty');
  }

  /**
   * The same for a keeper, at once or not at all. Bytes that a reader waits for (`wanted`) may take the reserved part
   * as well, and come whatever those who empty hold, as these may be waiting for the reader.
   */
  tryFill(bytes: number, wanted: boolean): (() => void) | undefined {
    const fits = wanted
      ? this.#held.fill === 0 || this.held + bytes <= this.limit
      : this.#waiting.length === 0 && this.#fits(bytes, this.limit - this.reserved);
    return fits ? this.#hold(bytes, 'fill') : undefined;
  }

  join(keeper: Keeper): void {
    this.#keepers.add(keeper);
  }

  leave(keeper: Keeper): void {
    this.#keepers.delete(keeper);
  }

  /** A keeper has something to spare that it had not: whoever waits may have it. */
  offer(): void {
    this.#serve();
  }

  #fits(bytes: number, limit: number): boolean {
    return this.held === 0 || this.held + bytes <= limit;
  }

  /** Others who empty will give back; what is kept for later goes only when nobody else would. */
  #hasRoom(bytes: number): boolean {
    for (const keeper of this.#held.empty > 0 ? [] : this.#keepers) {
      if (!this.#fits(bytes, this.limit)) keeper.spare(this.held + bytes - this.limit);
    }
    return this.#fits(bytes, this.limit);
  }

  #hold(bytes: number, side: Side): () => void {
    this.#held[side] += bytes;
    this.#most = Math.max(this.#most, this.held);
    return this.#giver(bytes, side);
  }

  #giver(bytes: number, side: Side): () => void {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#held[side] -= bytes;
      this.#serve();
    };
  }

  #wait(bytes: number, signal: AbortSignal | undefined): Promise<void> {
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
        grant: () => {
          signal?.removeEventListener('abort', onAbort);
          this.#hold(bytes, 'empty');
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(entry);
    });
  }

  /** First those who empty, in the order they came, then the keepers. */
  #serve(): void {
    // What a keeper spares comes back here.
    if (this.#serving) return;
    this.#serving = true;
    for (let next = this.#waiting[0]; next && this.#hasRoom(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      next.grant();
    }
    this.#serving = false;
    for (const keeper of this.#keepers) keeper.onRoom();
  }
}
