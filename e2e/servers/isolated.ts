// A server of the page, the engines and one model, with the headers of an isolated page: without them wllama has
// one thread. Knows nothing of engines: folders are mounted by prefix.
import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { parseRange } from '../../scripts/serve/model-files.ts';
import { Reports } from './reports.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
};

export interface IsolatedServer {
  readonly url: string;
  /** What the page tells when it is `at` that point (a POST of JSON to /tell). Throws what failed there. */
  told<T>(at: string): Promise<T>;
  close(): Promise<void>;
}

/** `mounts`: '/prefix/' to a folder, or '/name' to a file; `job` is what the page fetches at /job. */
export async function serveIsolated(
  mounts: Readonly<Record<string, string>>,
  job: unknown,
): Promise<IsolatedServer> {
  const reports = new Reports();

  const server = createServer((req, res) => {
    const { pathname, search } = new URL(req.url ?? '/', 'http://here');
    res.setHeader('cross-origin-opener-policy', 'same-origin');
    res.setHeader('cross-origin-embedder-policy', 'require-corp');
    res.setHeader('cross-origin-resource-policy', 'same-origin');
    res.setHeader('cache-control', 'no-store');
    if (pathname === '/tell') return void reports.hear(req, res);
    if (pathname === '/job') {
      return void res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(job));
    }
    if (pathname === '/') {
      const script = search ? `<script type="module" src="/page.js${search}"></script>` : '';
      const page = `<!doctype html><title>Bench</title><link rel="icon" href="data:,">${script}`;
      return void res.writeHead(200, { 'content-type': 'text/html' }).end(page);
    }
    const path = fileOf(mounts, decodeURIComponent(pathname));
    if (!path) return void res.writeHead(404).end();
    return sendFile(req, res, path);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    told: (at) => reports.told(at),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function fileOf(mounts: Readonly<Record<string, string>>, pathname: string): string | undefined {
  for (const [prefix, place] of Object.entries(mounts)) {
    const within = prefix.endsWith('/') && pathname.startsWith(prefix);
    if (!within && pathname !== prefix) continue;
    const path = within ? join(place, normalize(`/${pathname.slice(prefix.length)}`)) : place;
    if (statSync(path, { throwIfNoEntry: false })?.isFile()) return path;
  }
  return undefined;
}

function sendFile(req: IncomingMessage, res: ServerResponse, path: string): void {
  const { size, mtimeMs } = statSync(path);
  const range = parseRange(req.headers.range, size);
  if (range === 'unsatisfiable') return void res.writeHead(416).end();
  const { first, last } = range ?? { first: 0, last: size - 1 };
  if (range) res.setHeader('content-range', `bytes ${first}-${last}/${size}`);
  res.writeHead(range ? 206 : 200, {
    'accept-ranges': 'bytes',
    etag: `"${size}-${mtimeMs}"`,
    'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
    'content-length': last - first + 1,
  });
  if (req.method === 'HEAD' || size === 0) return void res.end();
  createReadStream(path, { start: first, end: last }).pipe(res);
}
