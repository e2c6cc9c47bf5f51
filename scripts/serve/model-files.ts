// Serves the GGUF files of the model cache under /models/, with ranges, to the pages of the same
// origin; and says at /served.json who this server is and what it has.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface ServedModel {
  name: string;
  url: string;
  bytes: number;
}

/** What /served.json holds. `service` is how a second `npm start` knows its own server. */
export interface Served {
  service: 'quern';
  /** Bytes of model files sent so far. */
  modelBytesSent: number;
  /** Which clone serves: a hash of its path. */
  clone: string;
  models: ServedModel[];
}

type Next = () => void;

/** A connect middleware over one folder. */
export function serveModels(folder: string, root: string) {
  const clone = createHash('sha256').update(root).digest('hex').slice(0, 16);
  let sent = 0;

  async function list(): Promise<ServedModel[]> {
    const names = await readdir(folder).catch(() => []);
    const files = names.filter((name) => name.endsWith('.gguf')).sort();
    return Promise.all(
      files.map(async (name) => ({
        name: name.replace(/\.gguf$/, ''),
        url: `/models/${encodeURIComponent(name)}`,
        bytes: (await stat(join(folder, name))).size,
      })),
    );
  }

  async function sendIdentity(res: ServerResponse) {
    const served: Served = { service: 'quern', modelBytesSent: sent, clone, models: await list() };
    res.setHeader('content-type', 'application/json');
    res.setHeader('cache-control', 'no-store');
    res.end(JSON.stringify(served));
  }

  async function sendModel(req: IncomingMessage, res: ServerResponse, name: string) {
    const path = join(folder, name);
    const file = /^[\w.-]+\.gguf$/.test(name) ? await stat(path).catch(() => undefined) : undefined;
    if (!file) return void res.writeHead(404).end(`no model ${name}`);
    const etag = `"${file.size.toString(16)}-${Math.round(file.mtimeMs).toString(16)}"`;
    const stale = req.headers['if-range'] !== undefined && req.headers['if-range'] !== etag;
    const range = stale ? undefined : parseRange(req.headers.range, file.size);
    res.setHeader('accept-ranges', 'bytes');
    res.setHeader('etag', etag);
    res.setHeader('content-type', 'application/octet-stream');
    // The page keeps the bytes in IndexedDB; a second copy in the HTTP cache would be waste.
    res.setHeader('cache-control', 'no-store');
    if (range === 'unsatisfiable') {
      return void res.writeHead(416, { 'content-range': `bytes */${file.size}` }).end();
    }
    const { first, last } = range ?? { first: 0, last: file.size - 1 };
    res.setHeader('content-length', last - first + 1);
    if (range) res.setHeader('content-range', `bytes ${first}-${last}/${file.size}`);
    res.writeHead(range ? 206 : 200);
    if (req.method === 'HEAD') return void res.end();
    const bytes = createReadStream(path, { start: first, end: last, highWaterMark: 1 << 20 });
    bytes.on('data', (chunk) => (sent += chunk.length));
    await pipeline(bytes, res).catch(() => {}); // the page went away
  }

  async function handle(req: IncomingMessage, res: ServerResponse, next: Next) {
    const path = new URL(req.url ?? '/', 'http://here').pathname;
    const asked = req.method === 'GET' || req.method === 'HEAD';
    if (asked && path === '/served.json') await sendIdentity(res);
    else if (asked && path.startsWith('/models/')) await sendModel(req, res, decodeName(path.slice(8)));
    else next();
  }

  return (req: IncomingMessage, res: ServerResponse, next: Next): void => {
    handle(req, res, next).catch((error: unknown) => {
      if (res.headersSent) res.destroy();
      else res.writeHead(500).end(String(error));
    });
  };
}

/** An encoded name that is no name at all is simply not found. */
function decodeName(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return '';
  }
}

/** One byte range of RFC 9110 14.1.2; undefined where there is none or it is of another kind. */
export function parseRange(header: string | undefined, size: number) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const first = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const last = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  return first > last ? 'unsatisfiable' : { first, last };
}
