// One HTTP request at a time: its status checked, its body read with a watch on stalls. What is worth
// another try is tried again here (until the headers are in) or told by Interrupted (within the body).
import { QuernError, throwIfAborted } from '@quern/spec';
import { publicUrl } from './file-key.ts';
import type { RetryPolicy } from './retry.ts';
import { DEFAULT_RETRY, Tries } from './retry.ts';

export interface HttpOptions {
  fetch?: typeof fetch;
  /** Sent with every request, e.g. Authorization. */
  headers?: Record<string, string>;
  retry?: Partial<RetryPolicy>;
  /** A server that sends nothing for so long is given up and asked again; 30 s if undefined. */
  stallTimeoutMs?: number;
}

export interface Http {
  fetch: typeof fetch;
  headers: Record<string, string>;
  retry: RetryPolicy;
  stallTimeoutMs: number;
  /** Hears of every answer that has to be asked for again. */
  onTrouble?: (() => void) | undefined;
}

export function httpOf(options: HttpOptions, onTrouble?: () => void): Http {
  return {
    onTrouble,
    // Browsers refuse a fetch that was taken off its global.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    headers: options.headers ?? {},
    retry: { ...DEFAULT_RETRY, ...options.retry },
    stallTimeoutMs: options.stallTimeoutMs ?? 30_000,
  };
}

/** For requests to `url` with one after another. `broughtInAll`: see TriesOptions. */
export function triesOf(
  http: Http,
  url: string,
  signal: AbortSignal | undefined,
  broughtInAll?: () => number,
): Tries {
  const { retry: policy, onTrouble } = http;
  return new Tries({
    policy,
    what: publicUrl(url),
    signal,
    onTrouble,
    ...(broughtInAll && { broughtInAll }),
  });
}

/** A body that ended for a reason that another try may cure. */
export class Interrupted extends Error {}

/** A response and its body, read piece by piece. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Where redirects led, if there were any. */
  readonly movedTo: string | undefined;
  /** The next piece, valid until the one after is asked for; undefined at the end. Throws Interrupted, or 'aborted'. */
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Lets go of the connection. Safe to call at any time. */
  cancel(): void;
}

const RETRYABLE = new Set([408, 425, 429, 500, 502, 503, 504]);

export interface RequestInitLite {
  method?: 'GET' | 'HEAD';
  headers?: Record<string, string>;
}

/**
 * An answer with status 200, 206 or 416. Throws 'not-found' (404, 410), 'network' (any other status,
 * or no answer within the tries), 'aborted'.
 */
export async function request(
  http: Http,
  url: string,
  init: RequestInitLite,
  tries: Tries,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  for (;;) {
    throwIfAborted(signal);
    let answer: Answer;
    try {
      answer = await send(http, url, init, signal);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      await tries.failed(error.message);
      continue;
    }
    const { status } = answer;
    if (status === 200 || status === 206 || status === 416) return answer;
    answer.cancel();
    if (!RETRYABLE.has(status)) throw statusError(url, status);
    await tries.failed(`the server answered HTTP ${status}`, answer.headers.get('retry-after'));
  }
}

function statusError(url: string, status: number): QuernError {
  const where = publicUrl(url);
  if (status === 404 || status === 410) {
    return new QuernError('not-found', `${where} is not there (HTTP ${status})`);
  }
  if (status === 401 || status === 403) {
    return new QuernError(
      'network',
      `${where} was refused (HTTP ${status}): it needs an access token, or the one given may not read it`,
    );
  }
  return new QuernError('network', `${where}: the server answered HTTP ${status}`);
}

async function send(
  http: Http,
  url: string,
  init: RequestInitLite,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const watch = new Watch(http.stallTimeoutMs, signal);
  let response: Response;
  try {
    response = await watch.over(
      http.fetch(url, {
        method: init.method ?? 'GET',
        headers: { ...http.headers, ...init.headers },
        signal: watch.signal,
        // The chunk store is the cache; Chromium's own would also make ranges of one URL wait for each other.
        cache: 'no-store',
      }),
    );
  } catch (error) {
    watch.end();
    throw error;
  }
  return new ResponseAnswer(response, watch);
}

interface Pieces {
  next(): Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>>;
  cancel(): Promise<void>;
}

const PIECE_BYTES = 2 ** 18;

/**
 * Into the same memory again and again, where the body can do that: at a hundred megabytes a second new memory for
 * each piece is more than the garbage collector keeps up with.
 */
function piecesOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): Pieces {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: 'byob' });
  } catch {
    const plain = body.getReader();
    return { next: () => plain.read(), cancel: () => plain.cancel() };
  }
  let memory = new ArrayBuffer(PIECE_BYTES);
  return {
    async next() {
      const result = await reader.read(new Uint8Array(memory));
      if (!result.done) memory = result.value.buffer;
      return result as ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;
    },
    cancel: () => reader.cancel(),
  };
}

class ResponseAnswer implements Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly movedTo: string | undefined;
  readonly #pieces: Pieces | undefined;
  readonly #watch: Watch;

  constructor(response: Response, watch: Watch) {
    this.status = response.status;
    this.headers = response.headers;
    this.movedTo = response.redirected && response.url !== '' ? response.url : undefined;
    this.#pieces = response.body ? piecesOf(response.body) : undefined;
    this.#watch = watch;
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const piece = this.#pieces && (await this.#watch.over(this.#pieces.next()));
    if (piece && !piece.done) return piece.value;
    this.#watch.end();
    return undefined;
  }

  cancel(): void {
    this.#pieces?.cancel().catch(() => undefined);
    this.#watch.end();
    this.#watch.abort();
  }
}

/** Ends one request when the caller aborts or when nothing comes for too long. */
class Watch {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #stallMs: number;
  readonly #onAbort = (): void => this.abort();
  #fail: ((reason: Error) => void) | undefined;
  #stalled = false;

  constructor(stallMs: number, caller: AbortSignal | undefined) {
    this.#stallMs = stallMs;
    this.#caller = caller;
    caller?.addEventListener('abort', this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What `step` gives, or 'aborted', or Interrupted. One step at a time. */
  async over<T>(step: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#stalled = true;
      this.abort();
    }, this.#stallMs);
    try {
      // Not Promise.race with one lasting promise: that would keep every piece alive. And not the step
      // alone: a fetch that was passed in may not heed its signal.
      return await new Promise<T>((resolve, reject) => {
        this.#fail = reject;
        step.then(resolve, reject);
        if (this.signal.aborted) reject(new Error('ended'));
      });
    } catch (error) {
      throwIfAborted(this.#caller);
      this.end();
      if (this.#stalled)
        throw new Interrupted(`nothing came for ${this.#stallMs / 1000} s`, { cause: error });
      throw new Interrupted(reasonOf(error), { cause: error });
    } finally {
      clearTimeout(timer);
      this.#fail = undefined;
    }
  }

  abort(): void {
    this.#controller.abort();
    this.#fail?.(new Error('ended'));
  }

  end(): void {
    this.#caller?.removeEventListener('abort', this.#onAbort);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `the connection failed (${String(error)})`;
  const cause = error.cause instanceof Error ? error.cause.message : '';
  return `the connection failed (${cause || error.message})`;
}
