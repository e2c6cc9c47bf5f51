// A hub on another origin, as the Hugging Face hub is one: it lists files with their SHA-256, redirects to where they
// lie, and lets other origins see what they need to. Downloaded in a browser, verified, and opened without a network.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { CachedModel } from '@quern/spec';
import { ROOT } from '../../scripts/setup/paths.js';
import { expect, test } from '../browser/fixtures.ts';
import { madeLlama } from '../figures/made-llama.ts';
import { serveModel } from './model-server.ts';

/** Some chunks. */
const MODEL = madeLlama({ layers: 1, width: 512, hidden: 4096 });
const BYTES = MODEL.bytes(0, MODEL.byteLength);
const SHA256 = createHash('sha256').update(BYTES).digest('hex');

interface Hub {
  server: Server;
  url: string;
  /** Method and path of each request, in order. */
  requests: string[];
}

/** `sha256`: what it lists. */
async function serveHub(sha256: string): Promise<Hub> {
  const requests: string[] = [];
  const answer = (req: IncomingMessage, res: ServerResponse): void => {
    const { pathname } = new URL(req.url ?? '/', 'http://here');
    requests.push(`${req.method} ${pathname}`);
    res.setHeader('access-control-allow-origin', '*');
    res.setHeader('access-control-expose-headers', 'content-range, etag, link');
    if (pathname === '/api/models/made/llama/tree/main') {
      const lfs = { oid: sha256, size: BYTES.length };
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify([{ type: 'file', path: 'llama-Q8_0.gguf', size: BYTES.length, lfs }]));
    } else if (pathname === '/made/llama/resolve/main/llama-Q8_0.gguf') {
      res.writeHead(302, { location: '/elsewhere/0123?X-Amz-Signature=4567' }).end();
    } else if (pathname === '/elsewhere/0123') {
      const [, first = '0', last = '0'] = /^bytes=(\d+)-(\d+)$/.exec(req.headers.range ?? '') ?? [];
      const end = Math.min(Number(last) + 1, BYTES.length);
      res.setHeader('content-range', `bytes ${first}-${end - 1}/${BYTES.length}`);
      res.writeHead(206, { etag: '"1"', 'content-length': end - Number(first) });
      res.end(BYTES.subarray(Number(first), end));
    } else res.writeHead(404).end();
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** Runs in the page; what is thrown comes back as text. */
async function download(hubBaseUrl: string): Promise<CachedModel | string> {
  const { openModels } = await import(`${location.origin}/index.js`);
  const models = openModels();
  try {
    return await models.download({ model: 'made/llama', hubBaseUrl });
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  } finally {
    await models.close();
  }
}

test('a model of a hub is verified, one request a chunk, and needs no network again', async ({ page }) => {
  const pages = await serveModel({ model: MODEL, dist: join(ROOT, 'packages', 'quern', 'dist') });
  const hub = await serveHub(SHA256);
  try {
    await page.goto(`${pages.url}/`);
    const model = await page.evaluate(download, hub.url);
    expect(model).toMatchObject({
      id: 'made/llama@main',
      complete: true,
      bytes: BYTES.length,
      files: [{ name: 'llama-Q8_0.gguf', storedBytes: BYTES.length, verified: true }],
    });
    const chunks = Math.ceil(BYTES.length / (4 * 2 ** 20));
    // The listing, the redirect and the first chunk, the others.
    expect(hub.requests.length).toBe(2 + chunks);
    expect(hub.requests.filter((request) => request.includes('/resolve/')).length).toBe(1);

    hub.requests.length = 0;
    expect(await page.evaluate(download, hub.url)).toMatchObject({ complete: true });
    expect(hub.requests).toEqual([]);
  } finally {
    hub.server.closeAllConnections();
    hub.server.close();
    await pages.close();
  }
});

test('a model that is another than its hub lists is refused, and not kept', async ({ page }) => {
  const pages = await serveModel({ model: MODEL, dist: join(ROOT, 'packages', 'quern', 'dist') });
  const hub = await serveHub('ab'.repeat(32));
  try {
    await page.goto(`${pages.url}/`);
    expect(await page.evaluate(download, hub.url)).toMatch(
      new RegExp(`^corrupt-file: .*SHA-256 is ${SHA256}, ${'ab'.repeat(32)} was expected`),
    );
  } finally {
    hub.server.closeAllConnections();
    hub.server.close();
    await pages.close();
  }
});
