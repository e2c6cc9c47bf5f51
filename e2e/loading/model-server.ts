// A server of one page (page.js, by ?do=), one package and one model: as slow as the test wants, and it keeps a
// book of every byte of the model that it sent.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseRange } from '../../scripts/serve/model-files.ts';
import { ROOT } from '../../scripts/setup/paths.js';
import { Reports } from '../servers/reports.ts';
import type { MadeFile } from '../figures/made-llama.ts';

export interface ModelServer {
  readonly url: string;
  /** Ranges sent of the model, in order; the end is where it broke off. */
  readonly sent: ReadonlyArray<{ start: number; end: number }>;
  /** What the page tells when it is `at` that point (a POST of JSON to /tell). Throws what failed there. */
  told<T>(at: string): Promise<T>;
  /** Bytes of the model sent since the last call. */
  newBytes(): number;
  /** performance.timeOrigin-based milliseconds of the last byte of the model. */
  readonly lastByteAt: number;
  /** From here on whoever asks for the model finds nobody. */
  loseModel(): void;
  /** Resolves when no answer is under way. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

export interface ModelServerOptions {
  model: MadeFile;
  /** The package's dist folder. */
  dist: string;
  /** Over all connections; unlimited if undefined. */
  bytesPerSecond?: number;
}

const HERE = join(ROOT, 'e2e', 'loading');
const PIECE = 256 * 1024;

export async function serveModel({ model, dist, bytesPerSecond }: ModelServerOptions): Promise<ModelServer> {
  const sent: Array<{ start: number; end: number }> = [];
  let counted = 0;
  let lastByteAt = 0;
  let lost = false;
  const running = new Set<ServerResponse>();
  let free = 0;

  /** Resolves when `bytes` more may go. */
  const turn = async (bytes: number): Promise<void> => {
    if (bytesPerSecond === undefined) return;
    const now = performance.now();
    free = Math.max(free, now) + (bytes * 1000) / bytesPerSecond;
    if (free > now) await new Promise((resolve) => setTimeout(resolve, free - now));
  };

  async function sendModel(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const range = parseRange(req.headers.range, model.byteLength);
    if (range === 'unsatisfiable') return void res.writeHead(416).end();
    const { first, last } = range ?? { first: 0, last: model.byteLength - 1 };
    if (range) res.setHeader('content-range', `bytes ${first}-${last}/${model.byteLength}`);
    res.writeHead(range ? 206 : 200, {
      'accept-ranges': 'bytes',
      etag: `"${model.byteLength}"`,
      'content-type': 'application/octet-stream',
      'content-length': last - first + 1,
    });
    const entry = { start: first, end: first };
    sent.push(entry);
    running.add(res);
    while (entry.end <= last && !res.destroyed) {
      const end = Math.min(last + 1, entry.end + PIECE);
      await turn(end - entry.end);
      if (res.destroyed) break;
      if (!res.write(model.bytes(entry.end, end))) await drained(res);
      entry.end = end;
      lastByteAt = performance.timeOrigin + performance.now();
    }
    running.delete(res);
    res.end();
  }

  const reports = new Reports();

  const server = createServer(async (req, res) => {
    const { pathname, search } = new URL(req.url ?? '/', 'http://here');
    res.setHeader('cache-control', 'no-store');
    if (pathname === '/model.gguf') return lost ? void res.destroy() : sendModel(req, res);
    if (pathname === '/') {
      const page = '<!doctype html><title>Load</title>';
      const script = search ? `<script type="module" src="/page.js${search}"></script>` : '';
      return void res.writeHead(200, { 'content-type': 'text/html' }).end(page + script);
    }
    if (pathname === '/tell') return reports.hear(req, res);
    const folder = pathname === '/page.js' || pathname === '/raw.js' ? HERE : dist;
    const file = await readFile(join(folder, basename(pathname))).catch(() => undefined);
    if (!file) return void res.writeHead(404).end();
    res.writeHead(200, { 'content-type': 'text/javascript' }).end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent,
    told: (at) => reports.told(at),
    newBytes() {
      const all = sent.reduce((sum, { start, end }) => sum + end - start, 0);
      const since = all - counted;
      counted = all;
      return since;
    },
    get lastByteAt() {
      return lastByteAt;
    },
    loseModel() {
      lost = true;
    },
    async quiet() {
      while (running.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      res.off('drain', done).off('close', done);
      resolve();
    };
    res.on('drain', done).on('close', done);
  });
}
