// A file on a server: its length and version from the first answer, then byte ranges, resumed where a
// connection died. No cache and no read-ahead here. The version is compared on every answer rather than
// sent as If-Range: that header would cost a preflight on another origin, and a 206 carries the ETag anyway.
import { QuernError, throwIfAborted } from '@quern/spec';
import { contentLength, parseContentRange, unsatisfiedTotal, validatorOf } from './content-range.ts';
import { publicUrl } from './file-key.ts';
import { ForwardStream } from './forward-stream.ts';
import type { Answer, Http, RequestInitLite } from './http-request.ts';
import { Interrupted, request, triesOf } from './http-request.ts';
import type { Tries } from './retry.ts';

export interface RemoteInfo {
  readonly url: string;
  readonly byteLength: number;
  /** See validatorOf. */
  readonly validator: string | undefined;
}

export interface RemoteFile extends RemoteInfo {
  /** False when the server does not do ranges: then it is read forward. */
  readonly ranged: boolean;
  /** The byte at which the opening's answer begins, while nobody has read it. */
  readonly arriving: number | undefined;
  readonly bytesFetched: number;
  /** Bytes [start, end). Throws 'network', 'not-found', 'corrupt-file' (shorter than it said), 'aborted'. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): void;
}

/**
 * Asks for [start, end) to learn the length; these bytes are then on their way, so read them first.
 * `start` past the end of the file is forgiven (the file may be another than the caller knew).
 * The signal governs all later reads too.
 */
export async function openRemote(
  url: string,
  http: Http,
  range: { start: number; end: number },
  signal?: AbortSignal,
): Promise<RemoteFile> {
  const closing = new AbortController();
  const close = (): void => closing.abort(signal?.reason);
  signal?.addEventListener('abort', close, { once: true });
  if (signal?.aborted) close();
  try {
    return await openWith(url, http, range, closing, () => signal?.removeEventListener('abort', close));
  } catch (error) {
    signal?.removeEventListener('abort', close);
    throw error;
  }
}

async function openWith(
  url: string,
  http: Http,
  range: { start: number; end: number },
  closing: AbortController,
  onClose: () => void,
): Promise<RemoteFile> {
  const { signal } = closing;
  const tries = triesOf(http, url, signal);
  const headers = { range: `bytes=${range.start}-${range.end - 1}` };
  const answer = await request(http, url, { headers }, tries, signal);
  refuseWebPage(url, answer);
  const validator = validatorOf(answer.headers);
  const make = (byteLength: number, first: First | undefined, ranged: boolean): RemoteFile =>
    new HttpFile({ url, byteLength, validator }, http, first, ranged, closing, onClose);

  if (answer.status === 416) {
    answer.cancel();
    // Shorter than the caller knew: another version.
    if (range.start > 0) {
      return openWith(url, http, { start: 0, end: range.end - range.start }, closing, onClose);
    }
    const total = unsatisfiedTotal(answer.headers.get('content-range')) ?? 0;
    if (total > 0) throw contradiction(url, `it refuses byte 0 of ${total}`);
    return make(0, undefined, true);
  }
  if (answer.status === 200) {
    const byteLength = contentLength(answer.headers);
    if (byteLength === undefined) {
      answer.cancel();
      throw new QuernError(
        'network',
        `${publicUrl(url)}: the server tells no length (no Content-Length, or a compressed body); serve the file uncompressed, with ranges if possible`,
      );
    }
    return make(byteLength, { start: 0, answer }, false);
  }
  const part = parseContentRange(answer.headers.get('content-range'));
  if (part && part.start !== range.start) {
    answer.cancel();
    throw contradiction(url, `asked for byte ${range.start}, it sent byte ${part.start}`);
  }
  const byteLength = part?.total ?? (await lengthByHead(url, http, tries, signal));
  return make(byteLength, { start: range.start, answer }, true);
}

// Another origin's Content-Range can be read only where the server exposes it; Content-Length always can.
async function lengthByHead(url: string, http: Http, tries: Tries, signal: AbortSignal): Promise<number> {
  const answer = await request(http, url, { method: 'HEAD' }, tries, signal);
  answer.cancel();
  const length = contentLength(answer.headers);
  if (length !== undefined) return length;
  throw new QuernError(
    'network',
    `${publicUrl(url)}: the server tells no length; on another origin it must send Access-Control-Expose-Headers: Content-Range, ETag`,
  );
}

function refuseWebPage(url: string, answer: Answer): void {
  const type = answer.headers.get('content-type') ?? '';
  if (!/^text\/html\b/i.test(type) || /\.html?$/i.test(new URL(url).pathname)) return;
  answer.cancel();
  throw new QuernError(
    'not-found',
    `${publicUrl(url)} gave a web page (text/html), not a model file: the path is probably wrong`,
  );
}

function contradiction(url: string, what: string): QuernError {
  return new QuernError('network', `${publicUrl(url)}: the server contradicts itself: ${what}`);
}

/** Throws 'network' when an answer is of another version of the file, or of another length. */
export function checkSameFile(file: RemoteInfo, answer: Answer, total: number | undefined): void {
  const validator = validatorOf(answer.headers);
  const changed = validator !== undefined && file.validator !== undefined && validator !== file.validator;
  if (!changed && (total === undefined || total === file.byteLength)) return;
  answer.cancel();
  const how = changed
    ? `version ${file.validator}, now ${validator}`
    : `${file.byteLength} bytes, now ${total}`;
  throw new QuernError(
    'network',
    `${publicUrl(file.url)} changed on the server while it was read (${how}); load it again`,
  );
}

/** An answer whose body begins at byte `start` of the file. */
export interface First {
  start: number;
  answer: Answer;
}

class HttpFile implements RemoteFile {
  readonly url: string;
  readonly byteLength: number;
  readonly validator: string | undefined;
  ranged: boolean;
  bytesFetched = 0;
  readonly #http: Http;
  readonly #closing: AbortController;
  readonly #onClose: () => void;
  #first: First | undefined;
  #stream: ForwardStream | undefined;
  /** Where redirects led: a hub's files lie elsewhere, and each chunk would have to be redirected again. */
  #direct: string | undefined;

  constructor(
    info: RemoteInfo,
    http: Http,
    first: First | undefined,
    ranged: boolean,
    closing: AbortController,
    onClose: () => void,
  ) {
    this.url = info.url;
    this.byteLength = info.byteLength;
    this.validator = info.validator;
    this.ranged = ranged;
    this.#http = http;
    this.#closing = closing;
    this.#onClose = onClose;
    this.#first = first;
    this.#direct = first?.answer.movedTo;
  }

  get arriving(): number | undefined {
    return this.#first?.start;
  }

  #takeFirst(): Answer | undefined {
    const answer = this.#first?.answer;
    this.#first = undefined;
    return answer;
  }

  #forward(answer: Answer | undefined): ForwardStream {
    const count = (n: number): void => {
      this.bytesFetched += n;
    };
    return new ForwardStream(this, this.#http, this.#closing.signal, count, answer);
  }

  async read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    if (!this.ranged) {
      this.#stream ??= this.#forward(this.#takeFirst());
      return this.#stream.read(start, end);
    }
    const { signal } = this.#closing;
    const out = new Uint8Array(end - start);
    const tries = triesOf(this.#http, this.url, signal, () => this.bytesFetched);
    let at = start;
    while (at < end) {
      tries.position = ` at byte ${at} of ${this.byteLength}`;
      const answer = await this.#range(at, end, tries);
      // The server stopped doing ranges: go on as with one that never did.
      if (answer.status === 200) {
        answer.cancel();
        this.#takeFirst()?.cancel();
        this.ranged = false;
        return this.read(start, end);
      }
      const stop = this.#checkPart(answer, at, end);
      try {
        for (let piece = await answer.read(); piece; piece = await answer.read()) {
          this.bytesFetched += piece.length;
          if (piece.length > stop - at) {
            answer.cancel();
            throw contradiction(this.url, `it sent more than bytes ${start} to ${stop}, as it had said`);
          }
          out.set(piece, at - start);
          at += piece.length;
          if (piece.length > 0) tries.progress();
          tries.position = ` at byte ${at} of ${this.byteLength}`;
        }
        if (at < stop) await tries.failed('the body ended early');
      } catch (error) {
        if (!(error instanceof Interrupted)) throw error;
        await tries.failed(error.message);
      }
    }
    return out;
  }

  async #range(start: number, end: number, tries: Tries): Promise<Answer> {
    const first = this.#first?.start === start ? this.#takeFirst() : undefined;
    if (first) return first;
    const init = { headers: { range: `bytes=${start}-${end - 1}` } };
    return (await this.#straight(init, tries)) ?? this.#redirected(init, tries);
  }

  /** Undefined where the place that redirects led to is unknown, or refuses: such addresses expire. */
  async #straight(init: RequestInitLite, tries: Tries): Promise<Answer | undefined> {
    const url = this.#direct;
    if (url === undefined) return undefined;
    // A token is for the hub alone.
    const other = new URL(url).origin !== new URL(this.url).origin;
    const http = other ? { ...this.#http, headers: {} } : this.#http;
    try {
      return await request(http, url, init, tries, this.#closing.signal);
    } catch {
      throwIfAborted(this.#closing.signal);
      this.#direct = undefined;
      return undefined;
    }
  }

  async #redirected(init: RequestInitLite, tries: Tries): Promise<Answer> {
    const answer = await request(this.#http, this.url, init, tries, this.#closing.signal);
    this.#direct = answer.movedTo;
    return answer;
  }

  /** The end of what this answer brings. */
  #checkPart(answer: Answer, start: number, end: number): number {
    if (answer.status === 416) {
      checkSameFile(this, answer, unsatisfiedTotal(answer.headers.get('content-range')));
      answer.cancel();
      throw new QuernError(
        'corrupt-file',
        `${publicUrl(this.url)} ends before byte ${start}, though the server said ${this.byteLength} bytes`,
      );
    }
    const part = parseContentRange(answer.headers.get('content-range'));
    checkSameFile(this, answer, part?.total);
    if (!part) return end;
    if (part.start === start && part.end <= end) return part.end;
    answer.cancel();
    throw contradiction(this.url, `asked for bytes ${start}-${end}, it sent ${part.start}-${part.end}`);
  }

  close(): void {
    this.#onClose();
    this.#closing.abort();
    this.#first?.answer.cancel();
  }
}
