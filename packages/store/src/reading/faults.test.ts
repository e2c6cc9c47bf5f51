// The world that misbehaves: what a load and its cache make of each fault. The table is in docs/loading.md.
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { QuernError } from '@quern/spec';
import type { CachedOptions, CachedSource } from './cached-source.ts';
import { openCached } from './cached-source.ts';
import type { ChunkStore } from '../chunk-stores/chunk-store.ts';
import { CHUNK_BYTES, isComplete, storedBytes } from '../chunk-stores/chunk-store.ts';
import { openDirectoryChunkStore } from '../chunk-stores/directory-chunk-store.ts';
import type { Faults } from '../testing/misbehaving-server.ts';
import { MisbehavingServer } from '../testing/misbehaving-server.ts';
import { patternBytes } from '../testing/pattern-bytes.ts';

const LENGTH = 2 * CHUNK_BYTES + 1000;
const OLD = patternBytes(LENGTH, 1);
const NEW = patternBytes(LENGTH, 2);
const sha256 = createHash('sha256').update(OLD).digest('hex');
const retry = { tries: 3, baseMs: 1, capMs: 2, retryAfterCapMs: 20 };

let server: MisbehavingServer;
let url: string;
let root: string;
let store: ChunkStore;
let warnings: QuernError[];
beforeAll(async () => {
  server = await MisbehavingServer.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  url = server.serve('/model.gguf', OLD, '"11"');
  root = await mkdtemp(join(tmpdir(), 'quern-faults-'));
  store = await openDirectoryChunkStore(root);
  warnings = [];
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
  server.faults = {};
  server.forget();
});

function open(options: Partial<CachedOptions> = {}): Promise<CachedSource> {
  const onWarning = (warning: QuernError): void => void warnings.push(warning);
  return openCached(url, { store, retry, onWarning, ...options });
}

/** Reads all of it in steps, keeps it, and compares. */
async function load(expected = OLD, options: Partial<CachedOptions> = {}): Promise<void> {
  const source = await open(options);
  try {
    for (let at = 0; at < LENGTH; at += 1_500_000) {
      const length = Math.min(1_500_000, LENGTH - at);
      const bytes = await source.read(at, length);
      expect(Buffer.compare(bytes, expected.subarray(at, at + length))).toBe(0);
    }
    await source.complete();
  } finally {
    await source.close();
  }
}

async function kept(): Promise<{ bytes: number; whole: boolean; verified: boolean } | undefined> {
  const [file] = await store.list();
  return file && { bytes: storedBytes(file), whole: isComplete(file), verified: file.verified };
}

const WHOLE = { bytes: LENGTH, whole: true, verified: true };
const EDGES = [0, 1, 65_535, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, LENGTH - 1];

describe('a connection', () => {
  it.each(EDGES)('that dies at byte %i is taken up there', async (dieAtByte) => {
    server.faults = { dieAtByte };
    await load(OLD, { sha256 });
    expect(await kept()).toEqual(WHOLE);
    expect(server.bytesSent).toBe(LENGTH);
  });

  it.each(EDGES)('that dies at byte %i of a server without ranges begins anew', async (dieAtByte) => {
    server.faults = { dieAtByte, noRange: true };
    await load(OLD, { sha256 });
    expect(await kept()).toEqual(WHOLE);
    expect(server.requests.length).toBe(2);
  });

  it.each(EDGES)('that stalls at byte %i is given up and taken up there', async (stallAtByte) => {
    server.faults = { stallAtByte };
    await load(OLD, { sha256, stallTimeoutMs: 150 });
    expect(await kept()).toEqual(WHOLE);
  });

  it.each(EDGES)(
    'that ends its body at byte %i as if that were all is asked for the rest',
    async (endAtByte) => {
      server.faults = { endAtByte };
      await load(OLD, { sha256 });
      expect(await kept()).toEqual(WHOLE);
      expect(server.bytesSent).toBe(LENGTH);
    },
  );

  it.each([1, CHUNK_BYTES, LENGTH - 1])(
    'that always dies at byte %i ends the load; what came stays',
    async (n) => {
      server.faults = { alwaysDieAtByte: n };
      await expect(load()).rejects.toMatchObject({
        code: 'network',
        message: expect.stringMatching(/at byte \d+ of 8389608: .*gave up after 3 tries/),
      });
      const before = await kept();
      expect(before?.bytes).toBeGreaterThanOrEqual(Math.floor(n / CHUNK_BYTES) * CHUNK_BYTES);
      server.faults = {};
      server.forget();
      await load(OLD, { sha256 });
      expect(await kept()).toEqual(WHOLE);
      expect(server.bytesSent).toBe(LENGTH - (before?.bytes ?? 0));
    },
  );
});

describe('a server', () => {
  it.each<[string, Faults]>([
    ['429', { statuses: [200, 429, 429] }],
    ['503', { statuses: [200, 503, 503] }],
    ['429 with Retry-After', { statuses: [200, 429, 429], retryAfter: '1' }],
    ['503 with Retry-After in an hour', { statuses: [200, 503, 503], retryAfter: '3600' }],
    ['503 with a Retry-After that makes no sense', { statuses: [200, 503], retryAfter: 'soon' }],
    ['500, 502, 504 and 408', { statuses: [500, 502, 200, 504, 408] }],
  ])('that answers %s is asked again', async (_, faults) => {
    server.faults = faults;
    await load(OLD, { sha256 });
    expect(await kept()).toEqual(WHOLE);
    expect(server.bytesSent).toBe(LENGTH);
  });

  it('that sends parts shorter than asked is asked for the rest', async () => {
    server.faults = { shortParts: 3_000_000 };
    await load(OLD, { sha256 });
    expect(server.bytesSent).toBe(LENGTH);
  });

  it.each<[string, Faults, RegExp]>([
    ['another range than asked for', { shiftRange: 1 }, /asked for byte 0, it sent byte 1/],
    ['more of a range than asked for', { widenRange: 1 }, /asked for bytes 0-4194304, it sent 0-4194305/],
    ['more than it said', { extraBytes: 10 }, /sent more than bytes/],
  ])('that sends %s is not believed', async (_, faults, message) => {
    server.faults = faults;
    await expect(load()).rejects.toMatchObject({ code: 'network', message: expect.stringMatching(message) });
    server.faults = {};
    await load(OLD, { sha256 });
    expect(await kept()).toEqual(WHOLE);
  });

  it('that claims a longer file is found out at its end', async () => {
    server.faults = { lieAboutLength: 50 };
    const source = await open();
    await expect(source.complete()).rejects.toMatchObject({
      code: expect.stringMatching(/corrupt-file|network/),
    });
    await source.close();
    server.faults = {};
    await load(OLD, { sha256 });
    expect(await kept()).toEqual(WHOLE);
  });

  it('that claims a shorter file is found out by the hash of the whole', async () => {
    server.faults = { lieAboutLength: -50 };
    const source = await open({ sha256 });
    expect(source.byteLength).toBe(LENGTH - 50);
    await expect(source.complete()).rejects.toMatchObject({ code: 'corrupt-file' });
    await source.close();
    expect(await kept()).toBeUndefined();
  });
});

describe('a file that changes midway', () => {
  const change = (): void => void server.serve('/model.gguf', NEW, '"22"');

  it.each<[string, Faults, RegExp]>([
    ['its ETag', {}, /changed on the server while it was read \(version "11", now "22"\)/],
    ['its date', { datesOnly: true }, /version modified:.*08:49:11 GMT, now modified:.*08:49:22 GMT/],
  ])('is noticed by %s, never mixed, and loaded afresh', async (_, faults, message) => {
    server.faults = faults;
    const source = await open();
    expect(Buffer.compare(await source.read(0, 1000), OLD.subarray(0, 1000))).toBe(0);
    change();
    for (const offset of [CHUNK_BYTES, 2 * CHUNK_BYTES]) {
      await expect(source.read(offset, 10)).rejects.toMatchObject({
        code: 'network',
        message: expect.stringMatching(message),
      });
    }
    await source.close();
    expect(await kept()).toEqual({ bytes: CHUNK_BYTES, whole: false, verified: false });
    await load(NEW);
    expect(await kept()).toMatchObject({ whole: true });
  });

  it('is noticed by its length alone', async () => {
    server.faults = { noValidator: true };
    const source = await open();
    await source.read(0, 1000);
    server.serve('/model.gguf', NEW.subarray(0, LENGTH - 1));
    await expect(source.read(CHUNK_BYTES, 10)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/8389608 bytes, now 8389607/),
    });
    await source.close();
  });

  it('and tells nothing of it is found out by the hash of the whole', async () => {
    server.faults = { noValidator: true };
    const source = await open({ sha256 });
    await source.read(0, 1000);
    change();
    await source.read(CHUNK_BYTES, 10);
    await expect(source.complete()).rejects.toMatchObject({ code: 'corrupt-file' });
    await source.close();
    expect(await kept()).toBeUndefined();
  });

  it('between the visits is loaded afresh', async () => {
    const source = await open();
    await source.read(0, 1000);
    await source.close();
    change();
    await load(NEW);
    expect(await kept()).toMatchObject({ bytes: LENGTH, whole: true });
    expect(warnings).toEqual([]);
  });

  it('of a server without ranges is noticed when the connection is made anew', async () => {
    server.faults = { noRange: true, dieAtByte: CHUNK_BYTES + 5 };
    const source = await open();
    await source.read(0, CHUNK_BYTES);
    change();
    await expect(source.read(2 * CHUNK_BYTES, 10)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/changed on the server/),
    });
    await source.close();
  });
});
