import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ByteSource } from '@quern/spec';
import { ByteBudget } from '../reading/byte-budget.ts';
import { ChunkPool } from '../reading/chunk-pool.ts';
import { CHUNK_BYTES } from '../chunk-stores/chunk-store.ts';
import { FIRST_REQUESTS, MAX_REQUESTS } from './request-pace.ts';
import { MisbehavingServer } from '../testing/misbehaving-server.ts';
import { patternBytes } from '../testing/pattern-bytes.ts';
import type { UrlOptions } from './url-source.ts';
import { openUrl } from './url-source.ts';

const LENGTH = 5 * CHUNK_BYTES + 12_345;
const BYTES = patternBytes(LENGTH);
const retry = { tries: 3, baseMs: 5, capMs: 10, retryAfterCapMs: 300 };

let server: MisbehavingServer;
let url: string;
beforeAll(async () => {
  server = await MisbehavingServer.start();
  url = server.serve('/model.gguf', BYTES);
});
afterAll(() => server.stop());
const opened: ByteSource[] = [];
afterEach(async () => {
  for (const source of opened.splice(0)) await source.close();
  server.faults = {};
  server.serve('/model.gguf', BYTES);
  server.forget();
});

async function open(options: UrlOptions = {}): Promise<ByteSource> {
  const source = await openUrl(url, { retry, ...options });
  opened.push(source);
  return source;
}

async function expectBytes(source: ByteSource, offset: number, length: number): Promise<void> {
  const bytes = await source.read(offset, length);
  expect(bytes.length).toBe(length);
  expect(Buffer.compare(bytes, BYTES.subarray(offset, offset + length))).toBe(0);
}

async function readForward(source: ByteSource, step = 1_000_000): Promise<void> {
  for (let at = 0; at < LENGTH; at += step) await expectBytes(source, at, Math.min(step, LENGTH - at));
}

const code = (name: string, message: string | RegExp): object => ({
  code: name,
  message: expect.stringMatching(message),
});

describe('a good server', () => {
  it('opens with one ranged GET and reads any range', async () => {
    const source = await open({ headers: { authorization: 'Bearer t' } });
    expect(source).toMatchObject({ name: 'model.gguf', byteLength: LENGTH });
    await expectBytes(source, 0, 100);
    await expectBytes(source, 100, 5000);
    expect(server.requests.map(({ method, range }) => `${method} ${range}`)).toEqual([
      `GET bytes=0-${CHUNK_BYTES - 1}`,
    ]);
    expect(server.requests[0]?.headers).toMatchObject({ authorization: 'Bearer t' });
    await expectBytes(source, CHUNK_BYTES - 10, 20);
    await expectBytes(source, LENGTH - 7, 7);
    await expectBytes(source, LENGTH, 0);
    expect(source.origin).toBe('network');
  });

  it('reads ahead with several requests at once, and asks for no byte twice', async () => {
    server.faults = { delayMs: 30 };
    const source = await open();
    expect(source.forwardOnly).toBe(false);
    await readForward(source);
    expect(server.maxOpen).toBeGreaterThanOrEqual(3);
    expect(server.maxOpen).toBeLessThanOrEqual(MAX_REQUESTS);
    expect(server.requests.length).toBe(6);
    expect(server.bytesSent).toBe(LENGTH);
    expect(source.bytesFetched).toBe(LENGTH);
  });

  it('reads the whole in one go', async () => {
    await expectBytes(await open(), 0, LENGTH);
    expect(server.bytesSent).toBe(LENGTH);
  });

  it('gives a view where a read lies in one chunk, and a copy of what is small', async () => {
    const source = await open();
    const [view, again] = [await source.read(1000, 1_000_000), await source.read(1000, 1_000_000)];
    expect([view.buffer === again.buffer, view.byteOffset]).toEqual([true, 1000]);
    const small = await source.read(1000, 100);
    expect(small.buffer.byteLength).toBe(100);
    expect(Buffer.compare(small, BYTES.subarray(1000, 1100))).toBe(0);
  });

  it.each([1, CHUNK_BYTES, 3 * CHUNK_BYTES])('is read within a budget of %i bytes', async (limit) => {
    const budget = new ByteBudget(limit);
    const pool = new ChunkPool(budget);
    const [source, other] = [await open({ pool }), await open({ pool })];
    const both = [readForward(source), readForward(other, 5_000_000)];
    await Promise.all(both);
    await expectBytes(source, 0, LENGTH);
    expect(budget.most).toBeLessThanOrEqual(Math.max(limit, CHUNK_BYTES));
    await source.close();
    await other.close();
    expect(budget.held).toBe(0);
  });

  it('refuses ranges outside of the file', async () => {
    const source = await open();
    await expect(source.read(LENGTH - 5, 6)).rejects.toMatchObject(code('corrupt-file', /cut short/));
    await expect(source.read(-1, 6)).rejects.toMatchObject({ code: 'corrupt-file' });
    await expect(source.read(2 ** 60, 6)).rejects.toMatchObject({ code: 'corrupt-file' });
  });

  it('opens an empty file', async () => {
    const source = await openUrl(server.serve('/empty', new Uint8Array(0)), { retry });
    expect(source.byteLength).toBe(0);
    expect((await source.read(0, 0)).length).toBe(0);
    await source.close();
  });
});

describe('a server that redirects', () => {
  it('is asked once, until the place refuses; a token is for it alone', async () => {
    const place = await MisbehavingServer.start();
    try {
      const tokens = (log: MisbehavingServer): Array<string | undefined> =>
        log.requests.map(({ headers }) => headers.authorization);
      server.redirects.set('/model.gguf', place.serve('/first.bin', BYTES));
      const source = await open({ headers: { authorization: 'Bearer t' } });
      source.readsAhead = false;
      for (const index of [0, 1, 2]) await expectBytes(source, index * CHUNK_BYTES, CHUNK_BYTES);
      expect(tokens(server)).toEqual(['Bearer t']);
      expect(tokens(place)).toEqual([undefined, undefined, undefined]);
      expect(place.bytesSent).toBe(3 * CHUNK_BYTES);

      place.files.delete('/first.bin');
      server.redirects.set('/model.gguf', place.serve('/second.bin', BYTES));
      await expectBytes(source, LENGTH - 100, 100);
      expect(server.requests.length).toBe(2);
      expect(place.requests.slice(3).map(({ path }) => path)).toEqual(['/first.bin', '/second.bin']);
    } finally {
      server.redirects.clear();
      await place.stop();
    }
  });
});

describe('a server without ranges', () => {
  it('is read forward in one request, header re-read and all', async () => {
    server.faults = { noRange: true };
    const source = await open();
    expect(source.forwardOnly).toBe(true);
    await expectBytes(source, 0, 24);
    await expectBytes(source, 24, 100_000);
    await expectBytes(source, 0, 24);
    await readForward(source);
    expect(server.requests.length).toBe(1);
    expect(server.bytesSent).toBe(LENGTH);
  });

  it('is asked again only when a reader goes far back', async () => {
    server.faults = { noRange: true };
    const source = await open();
    await expectBytes(source, LENGTH - 10, 10);
    await expectBytes(source, 4 * CHUNK_BYTES, 10);
    expect(server.requests.length).toBe(2);
    expect(server.requests[1]?.range).toBeUndefined();
  });

  it('is asked again from the start when the connection dies, and skips to where it was', async () => {
    server.faults = { noRange: true, dieAtByte: CHUNK_BYTES + 77 };
    await readForward(await open());
    expect(server.requests.length).toBe(2);
  });

  it('is given up when it always dies at the same byte', async () => {
    server.faults = { noRange: true, alwaysDieAtByte: CHUNK_BYTES + 77 };
    const source = await open();
    await expectBytes(source, 0, CHUNK_BYTES);
    const failed = expect(source.read(CHUNK_BYTES, 1000)).rejects;
    await failed.toMatchObject(code('network', /at byte 4194381 of 20983865: .*gave up after 3 tries/));
  });

  it('is refused when it tells no length', async () => {
    server.faults = { noRange: true, noLength: true };
    await expect(open()).rejects.toMatchObject(code('network', /tells no length/));
  });

  it('may begin to lack ranges midway', async () => {
    const source = await open();
    await expectBytes(source, 0, 10);
    server.faults = { noRange: true };
    await readForward(source);
  });
});

describe('a server that fails', () => {
  it.each([
    [404, 'not-found', /not there \(HTTP 404\)/],
    [401, 'network', /access token/],
    [403, 'network', /access token/],
    [400, 'network', /HTTP 400/],
  ])('%i is told at once', async (status, name, message) => {
    server.faults = { alwaysStatus: status };
    await expect(open()).rejects.toMatchObject(code(name, message));
    expect(server.requests.length).toBe(1);
  });

  it('429, then 503, then fine', async () => {
    server.faults = { statuses: [429, 503] };
    await expectBytes(await open(), 0, 10);
    expect(server.requests.length).toBe(3);
  });

  it('waits as long as Retry-After says, within bounds', async () => {
    server.faults = { statuses: [429], retryAfter: '3600' };
    const before = performance.now();
    await open();
    expect(performance.now() - before).toBeGreaterThanOrEqual(299);
  });

  it('429 to more than one request at a time: goes on with one', async () => {
    server.faults = { atMostAtOnce: 1, delayMs: 5 };
    const pool = new ChunkPool();
    const source = await open({ pool });
    await readForward(source);
    expect(pool.pace.limit).toBeLessThan(FIRST_REQUESTS);
  });

  it('503 for ever', async () => {
    server.faults = { alwaysStatus: 503 };
    await expect(open()).rejects.toMatchObject(code('network', /HTTP 503; gave up after 3 tries/));
    expect(server.requests.length).toBe(3);
  });

  it('nobody listens', async () => {
    const failing = openUrl('http://127.0.0.1:1/m.gguf?token=secret', { retry });
    await expect(failing).rejects.toMatchObject(
      code('network', /^http:\/\/127.0.0.1:1\/m.gguf: .*connection/),
    );
  });

  it('dies at byte N: only the rest is asked for', async () => {
    server.faults = { dieAtByte: CHUNK_BYTES + 1_000_000 };
    const source = await open();
    await readForward(source);
    expect(server.requests.length).toBe(7);
    expect(server.requests.map((request) => request.range)).toContain(
      `bytes=${CHUNK_BYTES + 1_000_000}-${2 * CHUNK_BYTES - 1}`,
    );
    expect(server.bytesSent).toBe(LENGTH);
  });

  it('always dies at byte N', async () => {
    server.faults = { alwaysDieAtByte: 1000 };
    const source = await open();
    await expect(source.read(0, 2000)).rejects.toMatchObject(
      code('network', /at byte 1000 of 20983865: .*gave up after 3 tries/),
    );
    // And later, all is well again.
    server.faults = {};
    await expectBytes(source, 0, 2000);
  });

  it('stalls: is asked for the rest after a while', async () => {
    server.faults = { stallAtByte: 500_000 };
    const source = await open({ stallTimeoutMs: 150 });
    await expectBytes(source, 0, CHUNK_BYTES);
    expect(server.requests[1]?.range).toBe(`bytes=500000-${CHUNK_BYTES - 1}`);
  });

  it('stalls before the headers', async () => {
    server.faults = { delayMs: 400 };
    await expect(open({ stallTimeoutMs: 50 })).rejects.toMatchObject(
      code('network', /nothing came for 0.05 s/),
    );
  });

  it('sends parts that are shorter than asked', async () => {
    server.faults = { shortParts: 3_000_000 };
    await readForward(await open());
  });

  it('claims more than there is', async () => {
    server.faults = { lieAboutLength: 50 };
    const source = await open();
    await expectBytes(source, LENGTH - 12_345, 100).catch((error: unknown) => {
      expect(error).toMatchObject(code('corrupt-file', /ends before byte 20983865, though .* 20983915/));
    });
    expect.assertions(1);
  });

  it('claims more than there is, without ranges', async () => {
    server.faults = { lieAboutLength: 50, noRange: true };
    const source = await open();
    await expect(source.read(LENGTH, 50)).rejects.toMatchObject(code('network', /gave up after 3 tries/));
  });

  it('sends more than it said', async () => {
    server.faults = { extraBytes: 10 };
    const source = await open();
    await expect(source.read(0, 10)).rejects.toMatchObject(code('network', /more than bytes/));
  });

  it('sends another range than asked', async () => {
    server.faults = { shiftRange: 1 };
    await expect(open()).rejects.toMatchObject(code('network', /asked for byte 0, it sent byte 1/));
  });

  it('changes the file midway', async () => {
    const source = await open();
    await expectBytes(source, 0, 10);
    server.serve('/model.gguf', BYTES, '"2"');
    await expect(source.read(CHUNK_BYTES, 10)).rejects.toMatchObject(
      code('network', /changed on the server while it was read \(version "1", now "2"\)/),
    );
  });

  it('changes the length midway, without versions', async () => {
    server.faults = { noValidator: true };
    const source = await open();
    await expectBytes(source, 0, 10);
    server.serve('/model.gguf', BYTES.subarray(0, LENGTH - 1));
    await expect(source.read(CHUNK_BYTES, 10)).rejects.toMatchObject(code('network', /changed/));
  });

  it('gives a web page in place of the file', async () => {
    server.faults = { contentType: 'text/html; charset=utf-8', noRange: true };
    await expect(open()).rejects.toMatchObject(code('not-found', /web page/));
  });
});

describe('aborting', () => {
  it('ends the opening', async () => {
    server.faults = { delayMs: 500 };
    const before = performance.now();
    await expect(open({ signal: AbortSignal.timeout(30) })).rejects.toMatchObject({ code: 'aborted' });
    await expect(open({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    expect(performance.now() - before).toBeLessThan(400);
  });

  it('ends a wait between tries', async () => {
    server.faults = { alwaysStatus: 503 };
    const slow = { tries: 3, baseMs: 60_000, capMs: 60_000 };
    const failing = open({ retry: slow, signal: AbortSignal.timeout(50) });
    await expect(failing).rejects.toMatchObject({ code: 'aborted' });
  });

  it('ends one read while the source lives on', async () => {
    server.faults = { stallAtByte: 1000 };
    const source = await open({ stallTimeoutMs: 200 });
    await expect(source.read(0, 2000, AbortSignal.timeout(30))).rejects.toMatchObject({ code: 'aborted' });
    await expectBytes(source, 0, 2000);
  });

  it("ends all reads by the source's signal, and by close", async () => {
    server.faults = { stallAtByte: 1000 };
    const controller = new AbortController();
    const source = await open({ signal: controller.signal });
    const read = source.read(0, 2000);
    setTimeout(() => controller.abort(), 30);
    await expect(read).rejects.toMatchObject({ code: 'aborted' });

    server.faults = { stallAtByte: 1000 };
    const other = await open();
    const pending = other.read(0, 2000);
    setTimeout(() => void other.close(), 30);
    await expect(pending).rejects.toMatchObject({ code: 'aborted' });
    await expect(other.read(0, 1)).rejects.toMatchObject({ code: 'aborted' });
  });
});

it('learns the length by HEAD where another origin hides Content-Range', async () => {
  const hiding: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const headers = new Headers(response.headers);
    headers.delete('content-range');
    headers.delete('etag');
    return new Response(response.body, { status: response.status, headers });
  };
  const source = await open({ fetch: hiding });
  expect(source.byteLength).toBe(LENGTH);
  await readForward(source);
  expect(server.requests.filter(({ method }) => method === 'HEAD').length).toBe(1);
});
