// A tab that is closed or killed in the middle of a download: the next one asks for what is missing, and no more.
import { join } from 'node:path';
import { ROOT } from '../../scripts/setup/paths.js';
import { expect, test } from '../browser/fixtures.ts';
import { madeLlama } from '../figures/made-llama.ts';
import { serveModel } from './model-server.ts';

const CHUNK = 4 * 2 ** 20;
/** 23 chunks. */
const MODEL = madeLlama({ layers: 5, width: 1024, hidden: 4096 });

for (const share of [0.1, 0.5, 0.9]) {
  test(`a tab that is closed at ${share * 100} % of a download: the next takes it up`, async ({
    context,
  }) => {
    const server = await serveModel({
      model: MODEL,
      dist: join(ROOT, 'packages', 'quern', 'dist'),
      bytesPerSecond: 40e6,
    });
    try {
      const first = await context.newPage();
      await first.goto(`${server.url}/?do=load`);
      await expect
        .poll(() => server.sent.reduce((sum, { start, end }) => sum + end - start, 0), { intervals: [10] })
        .toBeGreaterThan(share * MODEL.byteLength);
      await server.told('idle');
      await first.close();
      await server.quiet();
      const sentBefore = server.newBytes();

      const second = await context.newPage();
      await second.goto(`${server.url}/`);
      const stored = await second.evaluate(storedChunks);
      const missing = MODEL.byteLength - stored.reduce((sum, index) => sum + chunkBytes(index), 0);
      // What was on its way is lost, at most what a load may hold.
      expect(MODEL.byteLength - missing).toBeGreaterThan(sentBefore - 64 * 2 ** 20);
      await second.goto(`${server.url}/?do=load`);
      await server.told('idle');
      await server.told('ready');
      await server.told('answered');
      expect(server.newBytes()).toBeLessThanOrEqual(missing + CHUNK);
      await second.goto(`${server.url}/`);
      expect(await second.evaluate(storedChunks)).toHaveLength(Math.ceil(MODEL.byteLength / CHUNK));
    } finally {
      await server.close();
    }
  });
}

function chunkBytes(index: number): number {
  return Math.min(CHUNK, MODEL.byteLength - index * CHUNK);
}

/** Runs in the page: the chunks in the database, as any other program would see them. */
async function storedChunks(): Promise<number[]> {
  const opened = indexedDB.open('quern-models');
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    opened.addEventListener('success', () => resolve(opened.result));
    opened.addEventListener('error', () => reject(opened.error!));
  });
  const keys = database.transaction('chunks').objectStore('chunks').getAllKeys();
  const found = await new Promise<IDBValidKey[]>((resolve, reject) => {
    keys.addEventListener('success', () => resolve(keys.result));
    keys.addEventListener('error', () => reject(keys.error!));
  });
  database.close();
  return found.map((key) => (key as [string, number])[1]);
}
