// How many requests at once: as many as make it faster, from 1 to 8. Twice as many at first, later one more, while the
// bytes per second grow with it; back when they do not; half as many when the server complains (429, 503) or goes
// silent.

export const FIRST_REQUESTS = 3;
export const MAX_REQUESTS = 8;
/** Bytes per second must grow by so much for more requests to have paid. */
const GAIN = 1.05;
/** After a step that did not pay: so many rounds without another. */
const REST_ROUNDS = 4;

export class RequestPace {
  #limit = FIRST_REQUESTS;
  readonly #now: () => number;
  /** A round is as many chunks as there are requests at once. */
  #round: { since: number; chunks: number; bytes: number } | undefined;
  #lastRate = 0;
  /** By how much the last step went up. */
  #grown = 0;
  #doubling = true;
  #rest = 0;
  #calm = true;

  /** `now` in ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get limit(): number {
    return this.#limit;
  }

  /** A chunk came. `full`: there were as many requests as there may be, else it says nothing about more of them. */
  arrived(bytes: number, full: boolean): void {
    this.#calm = true;
    const now = this.#now();
    if (!full || !this.#round) {
      this.#round = { since: now, chunks: 0, bytes: 0 };
      return;
    }
    this.#round.chunks += 1;
    this.#round.bytes += bytes;
    if (this.#round.chunks < this.#limit) return;
    const rate = this.#round.bytes / Math.max(1, now - this.#round.since);
    this.#round = { since: now, chunks: 0, bytes: 0 };
    this.#step(rate);
  }

  #step(rate: number): void {
    const paid = rate > this.#lastRate * GAIN;
    this.#lastRate = rate;
    if (this.#rest > 0) {
      this.#rest -= 1;
    } else if (this.#grown > 0 && !paid) {
      this.#set(this.#limit - this.#grown);
      this.#grown = 0;
      this.#doubling = false;
      this.#rest = REST_ROUNDS;
    } else {
      this.#grown = Math.min(this.#doubling ? this.#limit : 1, MAX_REQUESTS - this.#limit);
      this.#set(this.#limit + this.#grown);
    }
  }

  /** The server complained or went silent. Of several complaints before the next chunk only the first counts. */
  trouble(): void {
    if (!this.#calm) return;
    this.#calm = false;
    this.#set(this.#limit >> 1);
    this.#grown = 0;
    this.#doubling = false;
    this.#rest = REST_ROUNDS;
  }

  #set(limit: number): void {
    this.#limit = Math.max(1, Math.min(limit, MAX_REQUESTS));
    this.#round = undefined;
  }
}
