// The chat page by keyboard, on the tiny model.
import { join } from 'node:path';
import { ROOT } from '../../scripts/setup/paths.js';
import { CORS, serveFiles, type FileServer } from '../servers/files.ts';
import { readTiny, TINY } from '../servers/models.ts';
import { PAGES } from '../servers/pages.ts';
import { ChatPage, expect, test } from './fixtures.ts';

let server: FileServer;

test.beforeAll(async () => {
  server = await serveFiles(new Map([['/tiny.gguf', await readTiny()]]), CORS);
});
test.afterAll(() => server.close());

test('Enter sends, Shift+Enter starts a line, nothing is sent when there is nothing', async ({ page }) => {
  const chat = new ChatPage(page);
  await chat.open(`${server.url}/tiny.gguf`);
  await chat.field.press('Enter');
  await expect(chat.answers).toHaveCount(0);
  await chat.field.pressSequentially('one');
  await chat.field.press('Shift+Enter');
  await chat.field.pressSequentially('two');
  await expect(chat.field).toHaveValue('one\ntwo');
  await chat.field.press('Enter');
  await expect(chat.field).toHaveValue('');
  await expect(chat.answers.last().locator('.said')).toHaveText(/\S/);
  await chat.field.press('Escape');
  await expect(page.locator('.turn.user .said')).toHaveText('one\ntwo');
});

test('on a slow network the field waits for the page: nothing written is lost', async ({ page }) => {
  let answer: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/served.json', async (route) => {
    await asked;
    await route.continue();
  });
  const chat = new ChatPage(page);
  await page.goto(`${PAGES}/chat/?model=${encodeURIComponent(`${server.url}/tiny.gguf`)}`);
  await expect(chat.field).toBeDisabled();
  answer();
  await chat.field.fill('to be');
  await chat.field.press('Enter');
  await expect(chat.answers.last().locator('.said')).toHaveText(/\S/);
});

test('everything can be reached with the Tab key', async ({ page }) => {
  const chat = new ChatPage(page);
  await chat.open();
  await page.locator('body').press('Tab');
  const seen: string[] = [];
  for (let i = 0; i < 16; i++) {
    await page.keyboard.press('Tab');
    seen.push(
      await page.evaluate(() => {
        const focus = document.activeElement;
        return focus?.getAttribute('aria-label') ?? focus?.textContent?.trim() ?? '';
      }),
    );
  }
  for (const name of ['Load', 'Open model files …', 'Send', 'Benchmark']) expect(seen).toContain(name);
});

test('local files load from the file button and from a drop', async ({ page }) => {
  const chat = new ChatPage(page);
  await chat.open();
  await page.locator('input[type=file]').setInputFiles(TINY);
  await chat.loaded();

  await chat.open();
  const folder = join(ROOT, 'e2e', 'conformance', 'arch-qwen3');
  const names = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];
  await page.locator('input[type=file]').setInputFiles(names.map((name) => join(folder, name)));
  await chat.loaded();

  await chat.open();
  const bytes = Buffer.from(await readTiny()).toString('base64');
  const transfer = await page.evaluateHandle((base64) => {
    const data = new DataTransfer();
    const content = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    data.items.add(new File([content], 'dropped.gguf'));
    return data;
  }, bytes);
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
  await expect(page.getByRole('button', { name: /^Model: dropped/ })).toBeVisible();
});
