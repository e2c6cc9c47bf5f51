// A web server for tests that misbehaves on demand, and counts what it was asked for and what it sent.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What goes wrong; may be changed between requests. Everything undefined: a good server with ranges. */
export interface Faults {
  noRange?: boolean;
  noLength?: boolean;
  /** Neither ETag nor Last-Modified. */
  noValidator?: boolean;
  /** Last-Modified in place of the ETag. */
  datesOnly?: boolean;
  /** Added to the length that the server claims. */
  lieAboutLength?: number;
  /** Cuts the connection once, when byte N of the file would be sent. */
  dieAtByte?: number;
  /** As `dieAtByte`, every time. */
  alwaysDieAtByte?: number;
  /** Sends nothing from byte N of the file on, once. */
  stallAtByte?: number;
  /** Ends a body before byte N as if that were all, once; tells no length of it. */
  endAtByte?: number;
  /** Answers with so many bytes more than the range that was asked for. */
  widenRange?: number;
  /** Sends this many bytes of each range at most, correctly labelled. */
  shortParts?: number;
  /** Sends more than the Content-Range says, in a chunked body. */
  extraBytes?: number;
  /** Answers this range's start with a shifted one. */
  shiftRange?: number;
  /** The statuses of the next answers, in turn; then all is well. */
  statuses?: number[];
  /** Every answer's status. */
  alwaysStatus?: number;
  retryAfter?: string;
  /** Answers 429 to whatever comes while so many others are being answered. */
  atMostAtOnce?: number;
  contentType?: string;
  /** Ms before the headers. */
  delayMs?: number;
}

export interface LoggedRequest {
  method: string;
  path: string;
  range: string | undefined;
  headers: IncomingMessage['headers'];
  /** Body bytes handed to the connection. */
  bytesSent: number;
}

export class MisbehavingServer {
  readonly files = new Map<string, { bytes: Uint8Array; etag: string }>();
  /** Paths that are answered by a redirect. */
  readonly redirects = new Map<string, string>();
  faults: Faults = {};
  readonly requests: LoggedRequest[] = [];
  /** The most requests that were being answered at one time. */
  maxOpen = 0;
  #open = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<MisbehavingServer> {
    const server = new MisbehavingServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Puts a file there and gives its URL. */
  serve(path: string, bytes: Uint8Array, etag = '"1"'): string {
    this.files.set(path, { bytes, etag });
    return this.origin + path;
  }

  get bytesSent(): number {
    return this.requests.reduce((sum, request) => sum + request.bytesSent, 0);
  }

  forget(): void {
    this.requests.length = 0;
    this.maxOpen = 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', this.origin).pathname;
    const { method = 'GET', headers } = request;
    const log: LoggedRequest = { method, path, range: headers.range, headers, bytesSent: 0 };
    this.requests.push(log);
    this.maxOpen = Math.max(this.maxOpen, ++this.#open);
    response.on('close', () => this.#open--);
    if (this.faults.delayMs !== undefined) await wait(this.faults.delayMs);
    const file = this.files.get(path);
    const elsewhere = this.redirects.get(path);
    if (elsewhere !== undefined) {
      response.writeHead(302, { location: elsewhere }).end();
      return;
    }
    if (this.#open > (this.faults.atMostAtOnce ?? Infinity)) {
      response.writeHead(429).end();
      return;
    }
    const status = this.faults.alwaysStatus ?? this.faults.statuses?.shift() ?? (file ? 200 : 404);
    if (!file || status !== 200) {
      const { retryAfter } = this.faults;
      response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end();
      return;
    }
    await this.#send(file, log, response);
  }

  async #send(
    { bytes, etag }: { bytes: Uint8Array; etag: string },
    log: LoggedRequest,
    response: ServerResponse,
  ): Promise<void> {
    const { faults } = this;
    const claimed = bytes.length + (faults.lieAboutLength ?? 0);
    const headers: Record<string, string> = {
      'content-type': faults.contentType ?? 'application/octet-stream',
    };
    if (faults.datesOnly) headers['last-modified'] = `Sun, 06 Nov 1994 08:49:${etag.slice(1, -1)} GMT`;
    else if (!faults.noValidator) headers.etag = etag;
    const asked = faults.noRange ? null : /^bytes=(\d+)-(\d+)$/.exec(log.range ?? '');
    let start = 0;
    let end = claimed;
    if (asked) {
      start = Number(asked[1]) + (faults.shiftRange ?? 0);
      end = Math.min(
        Number(asked[2]) + 1 + (faults.widenRange ?? 0),
        claimed,
        start + (faults.shortParts ?? Infinity),
      );
      if (start >= claimed || start >= bytes.length) {
        response.writeHead(416, { 'content-range': `bytes */${claimed}` }).end();
        return;
      }
      headers['content-range'] = `bytes ${start}-${end - 1}/${claimed}`;
    }
    const lengthKnown = faults.extraBytes === undefined && faults.endAtByte === undefined;
    if (!faults.noLength && lengthKnown) headers['content-length'] = String(end - start);
    response.writeHead(asked ? 206 : 200, headers);
    if (log.method === 'HEAD') {
      response.end();
      return;
    }
    await this.#sendBody(bytes, start, end + (faults.extraBytes ?? 0), log, response);
  }

  async #sendBody(
    bytes: Uint8Array,
    start: number,
    end: number,
    log: LoggedRequest,
    response: ServerResponse,
  ): Promise<void> {
    const { faults } = this;
    const dies = faults.alwaysDieAtByte ?? faults.dieAtByte;
    for (let at = start; at < Math.min(end, bytes.length) && !response.destroyed;) {
      let stop = Math.min(at + 65536, end, bytes.length);
      const stalls = faults.stallAtByte;
      const ends = faults.endAtByte;
      for (const limit of [dies, stalls, ends])
        if (limit !== undefined && limit > at) stop = Math.min(stop, limit);
      if (at === dies) {
        if (faults.alwaysDieAtByte === undefined) delete faults.dieAtByte;
        // What was written before is to arrive.
        await wait(20);
        response.destroy();
        return;
      }
      if (at === ends) {
        delete faults.endAtByte;
        response.end();
        return;
      }
      if (at === stalls) {
        delete faults.stallAtByte;
        return;
      }
      log.bytesSent += stop - at;
      if (!response.write(bytes.subarray(at, stop))) await drained(response);
      at = stop;
    }
    if (end > bytes.length) {
      await wait(20);
      response.destroy();
    } else response.end();
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      response.off('drain', finish);
      response.off('close', finish);
      resolve();
    };
    response.on('drain', finish);
    response.on('close', finish);
  });
}
