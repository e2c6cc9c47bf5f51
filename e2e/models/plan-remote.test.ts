// What a plan of a model on a server costs: the chunks of its header, once.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planLoad } from '@quern/engine';
import { writeGguf } from '@quern/formats/testing';
import type { ChunkStore } from '@quern/store';
import { openDirectoryChunkStore, openModel } from '@quern/store/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FileServer, serveFiles } from '../servers/files.ts';

const CHUNK = 4 * 2 ** 20;
const CHUNKS = 11;

/** A header of about so many bytes, as large vocabularies make them, and tensors behind it. */
function model(headerBytes: number): Uint8Array {
  const words = Array.from({ length: 1000 }, (_, i) => `${i}`.padEnd(headerBytes / 1000 - 8, 'x'));
  const rest = CHUNKS * CHUNK - headerBytes - 4096;
  return writeGguf({
    metadata: {
      'general.architecture': ['string', 'mamba'],
      'tokenizer.ggml.tokens': ['array', 'string', words],
    },
    tensors: [{ name: 'token_embd.weight', type: 'f32', shape: [Math.floor(rest / 4096), 1024] }],
  });
}

const files = new Map([1, 5.5, 9].map((mib) => [`/${mib}.gguf`, model(mib * 2 ** 20)]));
let server: FileServer;
let folder: string;
let store: ChunkStore;
beforeAll(async () => {
  server = await serveFiles(files);
  folder = await mkdtemp(join(tmpdir(), 'quern-plan-'));
  store = await openDirectoryChunkStore(folder);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

test.each([
  [1, 1],
  [5.5, 2],
  [9, 3],
])('a header of %d MiB: %d chunks, which the load need not fetch again', async (mib, chunks) => {
  const name = `${mib}.gguf`;
  const plan = async () => planLoad({ sources: await openModel(`${server.url}/${name}`, { store }) });
  await plan();
  expect(server.sent(name)).toBe(chunks * CHUNK);
  const [source] = await openModel(`${server.url}/${name}`, { store });
  for (let at = 0; at < source!.byteLength; at += CHUNK) {
    await source!.read(at, Math.min(CHUNK, source!.byteLength - at));
  }
  await source!.close();
  expect(server.sent(name)).toBe(source!.byteLength);
  const { bytes, downloadBytes, files: planned } = await plan();
  expect({ bytes, downloadBytes }).toEqual({ bytes: source!.byteLength, downloadBytes: 0 });
  expect(planned).toEqual([{ name, bytes, cachedBytes: bytes }]);
});
