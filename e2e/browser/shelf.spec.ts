// The shelf of models: what is here comes first, downloads pause and go on, nothing is deleted unasked.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { parseRange } from '../../scripts/serve/model-files.ts';
import { identity } from '../../scripts/serve/server.js';
import { ROOT } from '../../scripts/setup/paths.js';
import { CORS, serveFiles, type FileServer } from '../servers/files.ts';
import { readTiny, replaceText, SMOLLM2_FILE } from '../servers/models.ts';
import { PAGES } from '../servers/pages.ts';
import { ChatPage, expect, test } from './fixtures.ts';

let server: FileServer;

const LARGE_BYTES = 40_000_000;
const CHUNK_BYTES = 4 * 2 ** 20;

test.beforeAll(async () => {
  const large = (await readFile(SMOLLM2_FILE)).subarray(0, LARGE_BYTES);
  const files = new Map([
    ['/tiny.gguf', await readTiny()],
    ['/large.gguf', new Uint8Array(large)],
    ['/unknown.gguf', replaceText(await readTiny(), 'llama', 'lemma')],
  ]);
  server = await serveFiles(files, CORS, 4_000_000);
});
test.afterAll(() => server.close());

const group = (page: Page, name: string) => page.locator('details', { hasText: name });

test('what is on this device comes first, is verified, and deleted when somebody is sure', async ({
  page,
}) => {
  const chat = new ChatPage(page);
  await chat.open(`${server.url}/tiny.gguf`);
  await chat.load();
  await chat.loaded();
  await chat.open();
  const here = group(page, 'On this device');
  await expect(here.getByRole('radio')).toBeChecked();
  await expect(here).toContainText('tiny');
  await expect(here).toContainText('on this device');
  await expect(page.getByText(/^[\d.]+ [kM]B of the .* that this browser allows/)).toBeVisible();

  await page.getByRole('button', { name: 'Verify tiny' }).click();
  await expect(page.getByText('Every byte is as it was stored.')).toBeVisible();

  await page.getByRole('button', { name: 'Delete tiny' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Keep it tiny' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(here).toContainText('tiny');
  await page.getByRole('button', { name: 'Delete tiny' }).click();
  await page.getByRole('button', { name: 'Delete for good tiny' }).click();
  await expect(here).toBeHidden();
  await page.reload();
  await expect(page.getByRole('radio').first()).toBeVisible();
  await expect(page.locator('.model', { hasText: 'on this device' })).toHaveCount(0);
});

test('what a model takes is told when it is looked at, from its header alone', async ({ page }) => {
  const chat = new ChatPage(page);
  const sent = async () => (await identity(PAGES))?.modelBytesSent ?? Number.NaN;
  const before = await sent();
  await chat.open(`${server.url}/unknown.gguf`);
  await page.getByRole('button', { name: 'What it takes: unknown' }).click();
  await expect(page.getByText(/^Does not run here: .*lemma/)).toBeVisible();
  expect(await sent()).toBe(before);

  await page.getByRole('radio', { name: /SmolLM2-135M-Instruct.Q4_1/ }).click();
  await expect(
    page.getByText(
      /^Runs here: 1\d\d MB on the GPU with 4,096 tokens of context\. \d+\.\d MB to download\.$/,
    ),
  ).toBeVisible();
  // The tokenizer is part of a GGUF's header: some megabytes, in chunks of 4 MiB.
  expect(await sent()).toBeGreaterThan(before);
  expect((await sent()) - before).toBeLessThan(4 * CHUNK_BYTES);
});

test('a download pauses, outlives the tab, and goes on with what is missing', async ({ page }) => {
  const chat = new ChatPage(page);
  await chat.open(`${server.url}/large.gguf`);
  const row = page.locator('.model', { hasText: 'large' });
  await row.getByRole('button', { name: 'Download large' }).click();
  await expect(row.getByText(/^1\d\.\d MB of 40\.0 MB from the network · .*\/s · \d+ s left$/)).toBeVisible();
  await row.getByRole('button', { name: 'Pause large' }).click();
  await expect(row).toContainText('Paused at');
  await expect(row.getByRole('button', { name: 'Resume download large' })).toBeFocused();
  await expect(row).toContainText(/\d+% on this device/);

  await page.reload();
  await expect(row).toContainText(/\d+% on this device/);
  const [, percent = '0'] = /(\d+)% on this device/.exec(await row.innerText()) ?? [];
  const here = Number(percent) / 100;
  expect(here).toBeGreaterThan(0);
  const before = server.sent('/large.gguf');
  await row.getByRole('button', { name: 'Resume download large' }).click();
  await expect(row).toContainText(/ · on this device/);
  const fetched = server.sent('/large.gguf') - before;
  expect(fetched).toBeGreaterThan((1 - here) * LARGE_BYTES - 0.02 * LARGE_BYTES);
  expect(fetched).toBeLessThan((1 - here) * LARGE_BYTES + CHUNK_BYTES);
});

test('a model of the hub: planned, downloaded, and there when the hub does not answer', async ({
  page,
  context,
}) => {
  const tiny = Buffer.from(await readTiny());
  const file = 'Qwen3-0.6B-Q8_0.gguf';
  const oid = createHash('sha256').update(tiny).digest('hex');
  const headers = { ...CORS, etag: `"${oid}"`, 'accept-ranges': 'bytes' };
  let answers = true;
  await context.route('https://huggingface.co/**', async (route) => {
    const { pathname } = new URL(route.request().url());
    if (!answers) return route.abort('internetdisconnected');
    if (route.request().method() === 'OPTIONS') return route.fulfill({ status: 204, headers });
    if (pathname === '/api/models/Qwen/Qwen3-0.6B-GGUF/tree/main') {
      const entry = { type: 'file', path: file, size: tiny.length, lfs: { oid, size: tiny.length } };
      return route.fulfill({ json: [entry], headers });
    }
    if (pathname !== `/Qwen/Qwen3-0.6B-GGUF/resolve/main/${file}`)
      return route.fulfill({ status: 404, headers });
    const range = parseRange(route.request().headers().range, tiny.length);
    if (!range || range === 'unsatisfiable') return route.fulfill({ body: tiny, headers });
    const { first, last } = range;
    const part = { ...headers, 'content-range': `bytes ${first}-${last}/${tiny.length}` };
    return route.fulfill({ status: 206, body: tiny.subarray(first, last + 1), headers: part });
  });
  const chat = new ChatPage(page);
  await chat.open();
  await group(page, 'On the Hugging Face hub').getByText('On the Hugging Face hub').click();
  await page.getByRole('radio', { name: /Qwen3 0.6B/ }).click();
  await expect(page.getByText(/^Runs here: .* to download\.$/)).toBeVisible();
  await page.getByRole('button', { name: 'Download Qwen3 0.6B' }).click();
  const here = group(page, 'On this device');
  await expect(here).toContainText('Qwen3 0.6B');
  await expect(here).toContainText('Apache-2.0');
  await expect(page.getByText(/^Runs here: .*context\.$/)).toBeVisible();

  answers = false;
  await page.reload();
  await expect(here.getByRole('radio', { name: /Qwen3 0.6B/ })).toBeChecked();
  await chat.send('to be');
  await expect(chat.answers.last().locator('.said')).toHaveText(/\S/);
  await chat.field.press('Escape');
});

test('a dropped folder is a model', async ({ page }) => {
  const chat = new ChatPage(page);
  await chat.open();
  const folder = join(ROOT, 'e2e', 'conformance', 'arch-qwen3');
  const names = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];
  const files = await Promise.all(
    names.map(async (name) => [name, (await readFile(join(folder, name))).toString('base64')] as const),
  );
  // No browser lets a script make a drop with a folder in it: the page's own reading of one is given a folder of the
  // origin's private file system, which is a handle of the same kind.
  await page.evaluate(async (files) => {
    const root = await navigator.storage.getDirectory();
    const dropped = await root.getDirectoryHandle('dropped-model', { create: true });
    for (const [name, base64] of files) {
      const writer = await (await dropped.getFileHandle(name, { create: true })).createWritable();
      await writer.write(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
      await writer.close();
    }
    const item = { kind: 'file', getAsFileSystemHandle: async () => dropped };
    const event = new DragEvent('drop', { bubbles: true, cancelable: true });
    Object.defineProperty(event, 'dataTransfer', { value: { types: ['Files'], files: [], items: [item] } });
    document.body.dispatchEvent(event);
  }, files);
  await expect(page.getByRole('button', { name: /^Model: dropped-model/ })).toBeVisible();
});
