// The cache as a page manages it, in a browser's own IndexedDB: planned, downloaded, listed, checked, exported, deleted;
// and a storage that has no room, by the browser's own account.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import type { CachedModel, MakeRoom, Models } from 'quern';
import { buildIfStale } from '../../scripts/build/fresh.js';
import { DIST } from '../../scripts/build/paths.js';
import { type FileServer, serveFiles } from '../servers/files.ts';
import { readTiny } from '../servers/models.ts';
import { expect, test } from './fixtures.ts';

const STRICT = { 'content-security-policy': "default-src 'self'" };

let server: FileServer;
let bytes: Uint8Array;

test.beforeAll(async () => {
  for (const part of ['page', 'worker']) await buildIfStale(part);
  bytes = await readTiny();
  const files = new Map<string, Uint8Array>([
    ['/index.html', new Uint8Array(Buffer.from('<!doctype html><title>A page</title>'))],
    ['/a.gguf', bytes],
    ['/b.gguf', bytes],
  ]);
  for (const name of await readdir(DIST))
    if (name.endsWith('.js')) files.set(`/${name}`, new Uint8Array(await readFile(join(DIST, name))));
  server = await serveFiles(files, STRICT);
});
test.afterAll(() => server?.close());

declare global {
  var models: Models;
}

async function visit(page: Page): Promise<void> {
  await page.goto(`${server.url}/`);
  await page.evaluate(async () => {
    const { openModels } = (await import(new URL('/index.js', location.href).href)) as typeof import('quern');
    globalThis.models = openModels();
  });
}

/** The model, or the code of what was thrown. */
function download(page: Page, options: { model: string; makeRoom?: MakeRoom }): Promise<string> {
  return page.evaluate(async (asked) => {
    const warnings: string[] = [];
    try {
      const model = await models.download({ ...asked, onWarning: ({ message }) => warnings.push(message) });
      return [model.name, ...warnings].join('; ');
    } catch (error) {
      return (error as { code: string }).code;
    }
  }, options);
}

const list = (page: Page): Promise<CachedModel[]> => page.evaluate(() => models.list());

test('models are planned, downloaded, listed, checked, exported and deleted', async ({ page }) => {
  await visit(page);
  const plan = await page.evaluate(() => models.plan({ model: '/a.gguf', contextLength: 128 }));
  expect(plan).toMatchObject({ architecture: 'llama', contextLength: 128, fitsStorage: true, problems: [] });
  expect(plan.bytes).toBe(bytes.length);
  expect(plan.limits!.maxBufferSize).toBeGreaterThan(2 ** 26);
  expect(await download(page, { model: '/a.gguf' })).toBe('a');
  expect(server.sent('/a.gguf')).toBe(bytes.length);
  await visit(page);
  const [model] = await list(page);
  expect(model).toMatchObject({ id: `${server.url}/a.gguf`, bytes: bytes.length, complete: true });
  expect(await page.evaluate((id) => models.verify(id), model!.id)).toEqual({ checked: 1, damaged: 0 });
  const exported = await page.evaluate(async (id) => {
    const stream = models.export(id, 'a.gguf');
    const digest = await crypto.subtle.digest('SHA-256', await new Response(stream).arrayBuffer());
    return [...new Uint8Array(digest)];
  }, model!.id);
  expect(exported).toEqual([...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes.slice()))]);
  const used = await page.evaluate(() => models.usage());
  expect(used!.usage).toBeGreaterThan(bytes.length);
  await page.evaluate((id) => models.delete(id), model!.id);
  expect(await list(page)).toEqual([]);
});

test('a storage that turns out to be full keeps what it has; others go only where that was agreed', async ({
  profile,
}) => {
  const first = await profile.open();
  let page = await first.newPage();
  await visit(page);
  expect(await download(page, { model: '/a.gguf' })).toBe('a');
  const { usage } = (await page.evaluate(() => models.usage()))!;
  await first.close();
  // Chromium tells pages of 10 GiB whatever there is: the write that fails tells the truth. It remembers for a while how
  // much there was, hence another browser.
  page = await (await profile.open()).newPage();
  await page.goto(server.url);
  const cdp = await page.context().newCDPSession(page);
  const quotaSize = usage + Math.floor(bytes.length / 2);
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: server.url, quotaSize });
  await visit(page);
  expect(await download(page, { model: '/b.gguf' })).toBe('storage-full');
  const names = async () => (await list(page)).filter(({ complete }) => complete).map(({ name }) => name);
  expect(await names()).toEqual(['a']);
  expect(await download(page, { model: '/b.gguf', makeRoom: 'least-recently-used' })).toMatch(
    /^b; the storage was full: a went from the cache/,
  );
  expect(await names()).toEqual(['b']);
});
