// Files beyond 2^31 and 2^32 bytes, on a server and in a store: no chunk's number or place is cut to 32 bits.
import { createServer, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openCached } from './cached-source.ts';
import {
  CHUNK_BYTES,
  chunkCount,
  chunkLength,
  isComplete,
  storedBytes,
} from '../chunk-stores/chunk-store.ts';
import { openDirectoryChunkStore } from '../chunk-stores/directory-chunk-store.ts';
import { openIndexedDbChunkStore } from '../chunk-stores/indexeddb-chunk-store.ts';
import { checkRange } from './chunked-source.ts';
import { openUrl } from '../remote/url-source.ts';
import 'fake-indexeddb/auto';

const LENGTH = 5_000_000_123;
const LAST = chunkCount(LENGTH) - 1;
/** Places on both sides of where 32 bits end, and the end of the file. */
const PLACES = [2 ** 31 - 50, 2 ** 32 - 50, LENGTH - 100];

/** Bytes alike within 64, of which neighbours differ, and places 2^31 and 2^32 apart. */
function made(start: number, end: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(end - start);
  for (let at = start; at < end;) {
    const stop = Math.min(end, (Math.floor(at / 64) + 1) * 64);
    out.fill((Math.floor(at / 64) % 241) + 5 * Math.floor(at / 2 ** 31), at - start, stop - start);
    at = stop;
  }
  return out;
}

let server: Server;
let url: string;
const ranges: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    const [, start, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range!)!.map(Number);
    ranges.push(`${start}-${last}`);
    response.writeHead(206, {
      etag: '"large"',
      'content-range': `bytes ${start}-${last}/${LENGTH}`,
      'content-length': last! + 1 - start!,
    });
    response.end(made(start!, last! + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/large.gguf`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quern-large-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('comes from a server by the right ranges', async () => {
  const source = await openUrl(url);
  source.readsAhead = false;
  expect(source.byteLength).toBe(LENGTH);
  for (const at of PLACES) expect(await source.read(at, 100)).toEqual(made(at, at + 100));
  await source.close();
  const chunk = 2 ** 32; // where 32 bits begin again
  expect(ranges).toContain(`${chunk}-${chunk + CHUNK_BYTES - 1}`);
});

describe.each([
  ['a folder', () => openDirectoryChunkStore(folder)],
  ['IndexedDB', () => openIndexedDbChunkStore()],
] as const)('in %s', (_, openStore) => {
  it('is kept by chunks, and read from there', async () => {
    const store = await openStore();
    const first = await openCached(url, { store });
    first.readsAhead = false;
    for (const at of PLACES) await first.read(at, 100);
    await first.close();
    const [file] = await store.list();
    expect(file).toMatchObject({ byteLength: LENGTH, chunkCount: 1193 });
    expect(isComplete(file!)).toBe(false);
    for (const at of PLACES) {
      const index = Math.floor(at / CHUNK_BYTES);
      const bytes = await store.get(file!, index);
      expect(bytes?.slice(0, 100)).toEqual(made(index * CHUNK_BYTES, index * CHUNK_BYTES + 100));
    }
    const again = await openCached(url, { store });
    again.readsAhead = false;
    ranges.length = 0;
    for (const at of PLACES) expect(await again.read(at, 100)).toEqual(made(at, at + 100));
    // The first chunk that is missing was asked for, to learn whether the file is the same.
    expect(ranges.filter((range) => Number(range.split('-')[0]) >= 2 ** 31)).toEqual([]);
    await again.flush();
    expect(again.cachedBytes).toBe(storedBytes((await store.find(file!.key))!));
    await again.close();
    await store.close();
  });
});

it('has chunks of the right number and length', () => {
  expect(LAST).toBe(1192);
  expect(chunkLength(LENGTH, 1191)).toBe(CHUNK_BYTES);
  expect(chunkLength(LENGTH, LAST)).toBe(LENGTH - 1192 * CHUNK_BYTES);
  const all = new Set(Array.from({ length: LAST + 1 }, (_, i) => i));
  expect(storedBytes({ byteLength: LENGTH, stored: all })).toBe(LENGTH);
  const file = { name: 'x', byteLength: LENGTH };
  checkRange(file, 2 ** 32, LENGTH - 2 ** 32);
  expect(() => checkRange(file, 2 ** 32, LENGTH - 2 ** 32 + 1)).toThrow('cut short');
});
