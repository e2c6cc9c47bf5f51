// A file server for one folder, or for made-up files, on a free port of this machine: ranges, headers
// of the test's choice, and a count of what it sent.
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseRange } from '../../scripts/serve/model-files.ts';

const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript',
  css: 'text/css',
  json: 'application/json',
};

export interface FileServer {
  readonly url: string;
  /** Body bytes sent so far of paths that end with `suffix`. */
  sent(suffix: string): number;
  close(): Promise<void>;
}

/** `files`: a folder, or bytes by path ('/model.gguf'); `bytesPerSecond` of each answer. */
export async function serveFiles(
  files: string | Map<string, Uint8Array>,
  headers: Record<string, string> = {},
  bytesPerSecond = Infinity,
): Promise<FileServer> {
  const sent = new Map<string, number>();
  const server: Server = createServer(async (req, res) => {
    const path = decodeURIComponent(new URL(req.url ?? '/', 'http://here').pathname);
    const body = await read(files, path.endsWith('/') ? `${path}index.html` : path);
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    if (!body) return void res.writeHead(404).end('not found');
    res.setHeader(
      'content-type',
      TYPES[path.split('.').at(-1) ?? ''] ?? (path.endsWith('/') ? TYPES.html! : 'application/octet-stream'),
    );
    res.setHeader('accept-ranges', 'bytes');
    res.setHeader('etag', `"${body.length}"`);
    const range = parseRange(req.headers.range, body.length);
    if (range === 'unsatisfiable')
      return void res.writeHead(416, { 'content-range': `bytes */${body.length}` }).end();
    const { first, last } = range ?? { first: 0, last: body.length - 1 };
    if (range) res.setHeader('content-range', `bytes ${first}-${last}/${body.length}`);
    res.setHeader('content-length', last - first + 1);
    res.writeHead(range ? 206 : 200);
    if (req.method === 'HEAD') return void res.end();
    const send = (from: number, to: number) => {
      sent.set(path, (sent.get(path) ?? 0) + to - from);
      res.write(body.subarray(from, to));
    };
    const step = Number.isFinite(bytesPerSecond) ? 1 << 16 : body.length;
    for (let at = first; at <= last && !res.destroyed; at += step) {
      send(at, Math.min(at + step, last + 1));
      if (Number.isFinite(bytesPerSecond)) await sleep((1000 * step) / bytesPerSecond);
    }
    res.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent: (suffix) => [...sent].reduce((sum, [path, bytes]) => sum + (path.endsWith(suffix) ? bytes : 0), 0),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read(files: string | Map<string, Uint8Array>, path: string): Promise<Uint8Array | undefined> {
  if (typeof files !== 'string') return files.get(path);
  const inside = normalize(path);
  if (inside.includes('..')) return undefined;
  return readFile(join(files, inside)).catch(() => undefined);
}

/** What lets a page of another origin read, ranges included. */
export const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*',
  'access-control-expose-headers': 'content-range, content-length, accept-ranges, etag',
};
