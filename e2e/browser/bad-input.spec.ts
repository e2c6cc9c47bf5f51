// What goes wrong is said on the page, with its code and what would work; then a good model still loads.
import { chromium } from 'playwright';
import { findBrowser } from '../../scripts/setup/find-browser.js';
import { CORS, serveFiles, type FileServer } from '../servers/files.ts';
import { readTiny, replaceText } from '../servers/models.ts';
import { PAGES } from '../servers/pages.ts';
import { ChatPage, expect, test } from './fixtures.ts';

let server: FileServer;

test.beforeAll(async () => {
  const tiny = await readTiny();
  const files = new Map<string, Uint8Array>([
    ['/tiny.gguf', tiny],
    ['/cut.gguf', tiny.slice(0, 300_000)],
    ['/page.gguf', new Uint8Array(Buffer.from('<!doctype html><title>Sign in</title>'.padEnd(4096)))],
    ['/unknown.gguf', replaceText(tiny, 'llama', 'lemma')],
  ]);
  server = await serveFiles(files, CORS);
});
test.afterAll(() => server.close());

/** `says` is a word of what was found. */
const CASES: ReadonlyArray<readonly [name: string, path: string, code: string, says: string]> = [
  ['a truncated file', '/cut.gguf', 'corrupt-file', 'cut.gguf'],
  ['a web page in place of a model', '/page.gguf', 'corrupt-file', 'page.gguf'],
  ['an unknown architecture', '/unknown.gguf', 'unsupported-architecture', 'lemma'],
  ['a file that is not there', '/missing.gguf', 'not-found', 'missing.gguf'],
];

for (const [name, path, code, says] of CASES) {
  test(`${name}: ${code}`, async ({ page }) => {
    const chat = new ChatPage(page);
    await chat.open(server.url + path);
    await chat.load();
    await expect(chat.notice).toHaveAttribute('data-code', code);
    await expect(chat.notice).toContainText(says);
    const other = page.getByRole('textbox', { name: 'URL or hub id of another model' });
    await other.fill(`${server.url}/tiny.gguf`);
    await chat.load();
    await chat.loaded();
    await expect(chat.notice).toHaveCount(0);
  });
}

test('more text than the context holds: context-overflow, and the chat goes on', async ({ page }) => {
  const chat = new ChatPage(page);
  await chat.open(`${server.url}/tiny.gguf`);
  await chat.send('to be or not to be '.repeat(3000));
  await expect(chat.notice).toHaveAttribute('data-code', 'context-overflow');
  await chat.send('to be');
  await expect(chat.answers.last().locator('.said')).toHaveText(/\S/);
});

test('no WebGPU in the browser: said at once', async ({ page }) => {
  await page.addInitScript(() => {
    Reflect.deleteProperty(Navigator.prototype, 'gpu');
  });
  const chat = new ChatPage(page);
  await chat.open();
  await expect(chat.notice).toHaveAttribute('data-code', 'webgpu-unavailable');
  await expect(chat.field).toBeDisabled();
});

test('no adapter: said when a model is loaded', async () => {
  // WebGPU without the flag that lets a machine without a GPU have one.
  const browser = await chromium.launch({
    executablePath: process.env.QUERN_BROWSER ?? findBrowser(),
    args: ['--disable-gpu', '--disable-features=WebGPUService'],
  });
  try {
    const page = await browser.newPage();
    const chat = new ChatPage(page);
    await page.goto(`${PAGES}/chat/`);
    const offered = await page.evaluate(async () => {
      const gpu = (navigator as { gpu?: { requestAdapter(): Promise<unknown> } }).gpu;
      return (await gpu?.requestAdapter()) ?? null;
    });
    expect(offered).toBeNull();
    await chat.open(`${server.url}/tiny.gguf`);
    if (await chat.field.isEnabled()) await chat.load();
    await expect(chat.notice).toHaveAttribute('data-code', 'webgpu-unavailable');
  } finally {
    await browser.close();
  }
});
