// Two tabs that load the same model, each with a worker of its own: the bytes come over the network once.
import { join } from 'node:path';
import { ROOT } from '../../scripts/setup/paths.js';
import { expect, test } from '../browser/fixtures.ts';
import { madeLlama } from '../figures/made-llama.ts';
import { serveModel } from './model-server.ts';

const CHUNK = 4 * 2 ** 20;
/** 23 chunks, sent in about ten seconds. */
const MODEL = madeLlama({ layers: 5, width: 1024, hidden: 4096 });
const options = { model: MODEL, dist: join(ROOT, 'packages', 'quern', 'dist'), bytesPerSecond: 10e6 };

test('two tabs at once: each byte comes once, and both are ready', async ({ context }) => {
  const server = await serveModel(options);
  try {
    for (let tab = 0; tab < 2; tab++) {
      const page = await context.newPage();
      await page.goto(`${server.url}/?do=open`);
      await server.told('idle');
    }
    await server.told('ready');
    await server.told('ready');
    expect(server.newBytes()).toBe(MODEL.byteLength);
  } finally {
    await server.close();
  }
});

test('the tab that downloads is closed: the other goes on from there', async ({ context }) => {
  const server = await serveModel(options);
  try {
    const first = await context.newPage();
    await first.goto(`${server.url}/?do=open`);
    await server.told('idle');
    const second = await context.newPage();
    await second.goto(`${server.url}/?do=open`);
    await server.told('idle');
    await expect
      .poll(() => server.sent.reduce((sum, { start, end }) => sum + end - start, 0), { intervals: [10] })
      .toBeGreaterThan(MODEL.byteLength * 0.3);
    await first.close();
    await server.told('ready');
    // Twice came only what was on its way: at most eight chunks, and what waited to be stored.
    expect(server.newBytes()).toBeLessThanOrEqual(MODEL.byteLength + 12 * CHUNK);
    expect(server.newBytes()).toBe(0);
  } finally {
    await server.close();
  }
});
