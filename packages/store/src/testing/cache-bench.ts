// A file on a server and a cache on disk, both fresh for each test, and what tests do with them.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { ByteSource, QuernError } from '@quern/spec';
import type { CachedOptions, CachedSource } from '../reading/cached-source.ts';
import { openCached } from '../reading/cached-source.ts';
import type { ChunkStore } from '../chunk-stores/chunk-store.ts';
import { CHUNK_BYTES } from '../chunk-stores/chunk-store.ts';
import { openDirectoryChunkStore } from '../chunk-stores/directory-chunk-store.ts';
import { alteredStore } from './altered-store.ts';
import { MisbehavingServer } from './misbehaving-server.ts';
import { patternBytes } from './pattern-bytes.ts';

/** Four whole chunks and a short one. */
export const LENGTH = 4 * CHUNK_BYTES + 999;
export const BYTES = patternBytes(LENGTH);
/** Another version of the file. */
export const OTHER = patternBytes(LENGTH, 2);
export const retry = { tries: 2, baseMs: 5, capMs: 10 };

export class CacheBench {
  server!: MisbehavingServer;
  url = '';
  root = '';
  store!: ChunkStore;
  warnings: QuernError[] = [];
  readonly #opened: ByteSource[] = [];

  async begin(): Promise<void> {
    this.url = `${this.server.serve('/model.gguf', BYTES)}?X-Amz-Signature=${Math.random()}`;
    this.root = await mkdtemp(join(tmpdir(), 'quern-cached-'));
    this.store = await openDirectoryChunkStore(this.root);
    this.warnings = [];
  }

  async end(): Promise<void> {
    for (const source of this.#opened.splice(0)) await source.close();
    await rm(this.root, { recursive: true, force: true });
    this.server.faults = {};
    this.server.forget();
  }

  /** Closed when the test ends. */
  async open(options: Partial<CachedOptions> = {}): Promise<CachedSource> {
    const onWarning = (warning: QuernError): void => void this.warnings.push(warning);
    const source = await openCached(this.url, { store: this.store, retry, onWarning, ...options });
    this.#opened.push(source);
    return source;
  }

  async storedChunks(): Promise<number[]> {
    const [file] = await this.store.list();
    return [...(file?.stored ?? [])].sort();
  }

  /** Where the directory store has the chunks of the one file. */
  async chunkFolder(): Promise<string> {
    const [file] = await this.store.list();
    return join(this.root, (await readdir(this.root))[0] ?? '', file?.id ?? '');
  }

  /** Puts chunks there as an earlier visit would have. */
  async prepare(indices: number[], validator: string | null = '"1"'): Promise<void> {
    const file = await this.store.open({
      key: `${this.server.origin}/model.gguf`,
      name: 'model.gguf',
      byteLength: LENGTH,
      validator: validator ?? undefined,
    });
    for (const i of indices) {
      await this.store.put(file, i, BYTES.slice(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES));
    }
  }

  altered(methods: Partial<ChunkStore>): ChunkStore {
    return alteredStore(this.store, methods);
  }
}

/** To be called once at the top of a test file. */
export function cacheBench(): CacheBench {
  const bench = new CacheBench();
  beforeAll(async () => {
    bench.server = await MisbehavingServer.start();
  });
  afterAll(() => bench.server.stop());
  beforeEach(() => bench.begin());
  afterEach(() => bench.end());
  return bench;
}

export async function expectChunks(source: ByteSource, from: number, to: number, of = BYTES): Promise<void> {
  for (let at = from * CHUNK_BYTES; at < Math.min(to * CHUNK_BYTES, LENGTH); at += CHUNK_BYTES) {
    const length = Math.min(CHUNK_BYTES, LENGTH - at);
    const bytes = await source.read(at, length);
    expect(Buffer.compare(bytes, of.subarray(at, at + length))).toBe(0);
  }
}
