// The figures of docs/performance.md on loading: how soon after the last byte a model is ready and speaks, and what a
// load from the cache costs beside the least that it can. Prints; asserts nothing about speed.
//   npm run build && npm run bench:loading
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { ROOT } from '../../scripts/setup/paths.js';
import { SMOLLM2_FILE } from '../servers/models.ts';
import { madeLlama, type MadeFile } from '../figures/made-llama.ts';
import { serveModel } from './model-server.ts';
import { openPlainBrowser } from './plain-browser.ts';

const DIST = join(ROOT, 'packages', 'quern', 'dist');
const ROUNDS = 3;

interface Ready {
  readyAt: number;
  timings: Record<string, number>;
}

for (const [title, bytesPerSecond, open] of [
  ['SmolLM2-135M Q4_1', 10e6, () => fileOnDisk(SMOLLM2_FILE)],
  ['3 GB of Q8_0', undefined, () => madeLlama({ layers: 10, width: 4096, hidden: 20_480 })],
] as const) {
  test(title, async () => {
    test.setTimeout(1_800_000);
    const model = open();
    const server = await serveModel({ model, dist: DIST, bytesPerSecond });
    const profile = await mkdtemp(join(tmpdir(), 'quern-figures-'));
    const visit = async <T>(what: 'open' | 'load' | 'raw', look: () => Promise<T>): Promise<T> => {
      const browser = openPlainBrowser(`${server.url}/?do=${what}`, profile);
      try {
        await server.told('idle');
        return await look();
      } finally {
        await browser.close();
      }
    };
    try {
      const started = performance.timeOrigin + performance.now();
      const cold = await visit('load', async () => {
        const { readyAt, timings } = await server.told<Ready>('ready');
        const { firstTokenAt } = await server.told<{ firstTokenAt: number }>('answered');
        return {
          download: server.lastByteAt - started,
          readyAfterLastByte: readyAt - server.lastByteAt,
          firstTokenAfterLastByte: firstTokenAt - server.lastByteAt,
          timings,
        };
      });
      console.log(title, 'cold', JSON.stringify(cold));
      expect(server.newBytes()).toBeGreaterThanOrEqual(model.byteLength);
      for (let round = 0; round < ROUNDS; round++) {
        const { timings: warm } = await visit('open', () => server.told<Ready>('ready'));
        const raw = await visit('raw', () =>
          server.told<{ readMs: number; hashMs: number; writeMs: number; bytes: number }>('read'),
        );
        expect(raw.bytes).toBe(model.byteLength);
        const least = raw.readMs + raw.hashMs + raw.writeMs;
        console.log(title, 'warm', JSON.stringify({ warm, raw, ratio: warm['weightsMs']! / least }));
      }
      expect(server.newBytes()).toBe(0);
    } finally {
      await server.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  });
}

function fileOnDisk(path: string): MadeFile {
  return {
    byteLength: statSync(path).size,
    bytes(start, end) {
      const out = new Uint8Array(end - start);
      const file = openSync(path, 'r');
      readSync(file, out, 0, out.length, start);
      closeSync(file);
      return out;
    },
  };
}
