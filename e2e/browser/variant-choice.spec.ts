// The device self-test in a browser: it comes with the first visit, and the second remembers.
import type { Page } from 'playwright/test';
import { CORS, serveFiles } from '../servers/files.ts';
import { readTiny } from '../servers/models.ts';
import { PAGES } from '../servers/pages.ts';
import { expect, test } from './fixtures.ts';

async function choices(page: Page, model: string) {
  await page.goto(`${PAGES}/bench/?model=${encodeURIComponent(model)}&auto=1&prompt=8&decode=2&reps=1`);
  await expect(page.locator('html')).toHaveAttribute('data-bench', 'done');
  const info = await page.evaluate(() => window.quernBench?.info);
  return { values: info!.variants, how: Object.values(info!.variantChoices).map(({ by }) => by) };
}

/** All was tried: a machine that is busy may have had no time for it. */
function complete(): Promise<number> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('quern-values');
    opening.onerror = () => reject(opening.error!);
    opening.onsuccess = () => {
      const store = opening.result.transaction('values', 'readwrite').objectStore('values');
      const keys = store.getAllKeys();
      keys.onsuccess = () => {
        for (const key of keys.result) {
          const kept = store.get(key) as IDBRequest<object>;
          kept.onsuccess = () => store.put({ ...kept.result, complete: true }, key);
        }
        store.transaction.oncomplete = () => (opening.result.close(), resolve(keys.result.length));
      };
    };
  });
}

test('the first visit tries kernels, the second takes what it found', async ({ page }) => {
  const server = await serveFiles(new Map([['/tiny.gguf', await readTiny()]]), CORS);
  const asked: string[] = [];
  page
    .context()
    .on('request', (request) => void (/self-test/.test(request.url()) && asked.push(request.url())));
  try {
    const first = await choices(page, `${server.url}/tiny.gguf`);
    expect(first.how).not.toContain('remembered');
    expect(asked.length).toBeGreaterThan(0);
    await expect(page.getByText('Kernel variants')).toBeVisible();
    expect(await page.evaluate(complete)).toBe(1);

    asked.length = 0;
    const second = await choices(page, `${server.url}/tiny.gguf`);
    expect(new Set(second.how)).toEqual(new Set(['remembered']));
    expect(second.values).toEqual(first.values);
    expect(asked).toEqual([]);
  } finally {
    await server.close();
  }
});
