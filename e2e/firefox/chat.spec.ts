// The chat page in Firefox: another WGSL compiler (naga), other rules for workers and storage, maps on a slow tick.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { ROOT } from '../../scripts/setup/paths.js';
import { serveFramed } from '../servers/framed.ts';
import { PAGES } from '../servers/pages.ts';
import { missingForFirefox, openPlainFirefox } from './plain-firefox.ts';

interface Visit {
  text: string;
  alerts: string[];
}

test('answers, answers from the cache, stops and starts anew', async () => {
  const missing = missingForFirefox();
  test.skip(missing !== undefined, missing);
  const server = await serveFramed(PAGES, join(ROOT, 'e2e', 'firefox', 'chat-driver.js'));
  const profile = await mkdtemp(join(tmpdir(), 'quern-firefox-'));
  const firefox = await openPlainFirefox(server.url, profile);
  try {
    for (const at of ['first', 'second']) {
      const { text, alerts } = await Promise.race([server.told<Visit>(at), firefox.ended]);
      expect(text).toContain('Paris');
      expect(text).toMatch(/\d+ tokens · [\d.]+ tokens\/s/);
      expect(alerts).toEqual([]);
    }
    await Promise.race([server.told('done'), firefox.ended]);
  } finally {
    await firefox.close();
    await server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});
