// When to try again: a few tries with exponential backoff; bytes that arrive earn new tries.
import { QuernError, throwIfAborted } from '@quern/spec';

export interface RetryPolicy {
  /** Tries in a row that bring nothing before giving up. */
  tries: number;
  /** First wait in ms; doubles each time, up to `capMs`; 50-100% of it is taken, at random. */
  baseMs: number;
  capMs: number;
  /** The longest Retry-After, in ms, that is waited for; a longer one is cut to this. */
  retryAfterCapMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = { tries: 5, baseMs: 500, capMs: 8000, retryAfterCapMs: 30_000 };

/** Ms to wait after failure number `failures` (from 1). `retryAfter`: seconds or an HTTP date (RFC 9110 10.2.3). */
export function backoffMs(
  policy: RetryPolicy,
  failures: number,
  retryAfter: string | null = null,
  random: () => number = Math.random,
  now: number = Date.now(),
): number {
  if (retryAfter !== null) {
    const seconds = /^\s*\d+\s*$/.test(retryAfter)
      ? Number(retryAfter)
      : (Date.parse(retryAfter) - now) / 1000;
    if (Number.isFinite(seconds)) return Math.min(Math.max(0, seconds * 1000), policy.retryAfterCapMs);
  }
  const full = Math.min(policy.baseMs * 2 ** (failures - 1), policy.capMs);
  return full * (0.5 + 0.5 * random());
}

/** Resolves after `ms`; throws 'aborted' when the signal fires first. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      try {
        throwIfAborted(signal);
        resolve();
      } catch (error) {
        reject(error as Error);
      }
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener('abort', finish, { once: true });
    if (signal?.aborted) finish();
  });
}

export interface TriesOptions {
  policy: RetryPolicy;
  /** For messages. */
  what: string;
  signal: AbortSignal | undefined;
  /** Hears of every failure. */
  onTrouble?: (() => void) | undefined;
  /** Bytes that other requests to the server have brought too. */
  broughtInAll?: () => number;
}

/**
 * The tries of one range: counts failures since the last progress. While other requests bring bytes, the server is
 * not dead but busy, and no try is the last.
 */
export class Tries {
  readonly #options: TriesOptions;
  /** Sets the wait before the next try. */
  #failures = 0;
  /** Of these, since anything came from the server. */
  #inVain = 0;
  #brought = 0;
  /** How far it is, for messages. */
  position = '';

  constructor(options: TriesOptions) {
    this.#options = options;
    this.#brought = options.broughtInAll?.() ?? 0;
  }

  progress(): void {
    this.#failures = 0;
    this.#inVain = 0;
  }

  /** Waits before the next try, or throws 'network' if there is none left. */
  async failed(reason: string, retryAfter: string | null = null): Promise<void> {
    const { policy, what, signal, onTrouble, broughtInAll } = this.#options;
    throwIfAborted(signal);
    onTrouble?.();
    const brought = broughtInAll?.() ?? 0;
    if (brought > this.#brought) this.#inVain = 0;
    this.#brought = brought;
    this.#failures += 1;
    this.#inVain += 1;
    if (this.#inVain >= policy.tries) {
      throw new QuernError(
        'network',
        `${what}${this.position}: ${reason}; gave up after ${this.#inVain} tries`,
      );
    }
    await sleep(backoffMs(policy, this.#failures, retryAfter), signal);
  }
}
