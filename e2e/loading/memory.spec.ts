// Memory while a model streams from the network to the GPU and into the cache, and from the cache to the GPU: the
// page's process stays within a bound that does not know the model's size.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { ROOT } from '../../scripts/setup/paths.js';
import { madeLlama } from '../figures/made-llama.ts';
import { serveModel } from './model-server.ts';
import { openPlainBrowser } from './plain-browser.ts';
import { privateBytes, watchMemory } from './private-memory.ts';

/** Above the idle page. */
const BOUND = 160e6;

test.skip(process.platform !== 'linux', 'reads /proc');

/** Its largest tensors have 89 MB: more than the 64 MiB that a load may hold. */
for (const [title, layers] of [
  ['0.6 GB', 2],
  ['3 GB @long', 10],
] as const) {
  test(`a model of ${title} loads twice within ${BOUND / 1e6} MB, the second time without a network`, async () => {
    test.setTimeout(900_000);
    const model = madeLlama({ layers, width: 4096, hidden: 20_480 });
    const server = await serveModel({ model, dist: join(ROOT, 'packages', 'quern', 'dist') });
    const profile = await mkdtemp(join(tmpdir(), 'quern-loading-'));
    try {
      const texts: string[] = [];
      for (const visit of ['cold', 'warm'] as const) {
        const browser = openPlainBrowser(`${server.url}/?do=load`, profile);
        try {
          await server.told('idle');
          const renderers = await browser.processes('renderer');
          expect(renderers.length).toBeGreaterThan(0);
          const idle = await privateBytes(renderers);
          const watch = watchMemory(renderers);
          const { timings } = await server.told<{ timings: { loadMs: number } }>('ready');
          watch.stop();
          const above = watch.most - idle;
          console.log(
            `${visit}: ${Math.round(above / 1e6)} MB above ${Math.round(idle / 1e6)}, ` +
              `${(model.byteLength / 1e6 / (timings.loadMs / 1000)).toFixed(0)} MB/s`,
          );
          expect(watch.samples.length).toBeGreaterThan(10);
          expect(above).toBeLessThan(BOUND);
          texts.push((await server.told<{ text: string }>('answered')).text);
        } finally {
          await browser.close();
        }
        const sent = server.newBytes();
        server.loseModel();
        if (visit === 'cold') expect(sent).toBeGreaterThanOrEqual(model.byteLength);
        else expect(sent).toBe(0);
      }
      expect(texts[1]).toBe(texts[0]);
    } finally {
      await server.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  });
}
