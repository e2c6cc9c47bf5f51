import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseRange, serveModels, type Served } from './model-files.ts';

let folder: string;
let server: Server;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quern-models-'));
  await writeFile(join(folder, 'a.gguf'), '0123456789');
  await writeFile(join(folder, 'secret.txt'), 'no');
  const middleware = serveModels(folder, '/some/clone');
  server = createServer((req, res) => middleware(req, res, () => res.writeHead(418).end()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(url + path, { headers });

test('says who it is, what it has, and what it sent', async () => {
  const before = (await (await get('/served.json')).json()) as Served;
  expect(before).toMatchObject({
    service: 'quern',
    models: [{ name: 'a', url: '/models/a.gguf', bytes: 10 }],
  });
  await (await get('/models/a.gguf', { range: 'bytes=2-4' })).text();
  const after = (await (await get('/served.json')).json()) as Served;
  expect(after.modelBytesSent - before.modelBytesSent).toBe(3);
});

test('ranges, whole files, and ranges that cannot be', async () => {
  const whole = await get('/models/a.gguf');
  expect([whole.status, whole.headers.get('content-length'), await whole.text()]).toEqual([
    200,
    '10',
    '0123456789',
  ]);
  const part = await get('/models/a.gguf', { range: 'bytes=8-' });
  expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
    206,
    'bytes 8-9/10',
    '89',
  ]);
  expect((await get('/models/a.gguf', { range: 'bytes=10-12' })).status).toBe(416);
  const etag = whole.headers.get('etag') ?? '';
  expect((await get('/models/a.gguf', { range: 'bytes=0-0', 'if-range': etag })).status).toBe(206);
  expect((await get('/models/a.gguf', { range: 'bytes=0-0', 'if-range': '"old"' })).status).toBe(200);
});

test('serves models only, and other paths to others', async () => {
  for (const path of ['/models/secret.txt', '/models/..%2fa.gguf', '/models/%', '/models/b.gguf']) {
    expect((await get(path)).status, path).toBe(404);
  }
  expect((await get('/chat/')).status).toBe(418);
});

test.each([
  [undefined, undefined],
  ['bytes=0-3', { first: 0, last: 3 }],
  ['bytes=4-', { first: 4, last: 9 }],
  ['bytes=-3', { first: 7, last: 9 }],
  ['bytes=-30', { first: 0, last: 9 }],
  ['bytes=5-99', { first: 5, last: 9 }],
  ['bytes=9-5', 'unsatisfiable'],
  ['bytes=0-1,3-4', undefined],
  ['bytes=-', undefined],
])('range %s of 10 bytes', (header, range) => {
  expect(parseRange(header, 10)).toEqual(range);
});
