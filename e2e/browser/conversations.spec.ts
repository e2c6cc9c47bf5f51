// Conversations outlive the tab, and two tabs do not take each other's. On the tiny model.
import type { Page } from 'playwright/test';
import { CORS, serveFiles, type FileServer } from '../servers/files.ts';
import { readTiny } from '../servers/models.ts';
import { ChatPage, expect, test } from './fixtures.ts';

let server: FileServer;

test.beforeAll(async () => {
  server = await serveFiles(new Map([['/tiny.gguf', await readTiny()]]), CORS);
});
test.afterAll(() => server.close());

const listed = (page: Page) => page.getByRole('navigation', { name: 'Conversations' }).getByRole('link');

async function ask(chat: ChatPage, text: string): Promise<void> {
  const before = await chat.answers.count();
  await chat.send(text);
  await expect(chat.answers).toHaveCount(before + 1);
  await expect(chat.answers.last().locator('.said')).toHaveText(/\S/);
  await chat.field.press('Escape');
  await chat.answer();
}

test('a conversation survives a reload, is renamed, deleted and brought back', async ({ page }) => {
  const chat = new ChatPage(page);
  await chat.open(`${server.url}/tiny.gguf`);
  await ask(chat, 'to be or not to be');
  const said = await chat.answer();
  await expect(listed(page)).toHaveText([/^to be or not to be/]);

  await page.reload();
  await expect(chat.answers.last().locator('.said')).toHaveText(said);
  await expect(page.locator('.turn.user .said')).toHaveText('to be or not to be');
  await ask(chat, 'and then');
  await page.getByRole('button', { name: 'New chat' }).click();
  await expect(chat.answers).toHaveCount(0);
  await listed(page).first().click();
  await expect(chat.answers).toHaveCount(2);

  await page.getByRole('button', { name: 'Rename to be or not to be' }).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.type('Hamlet');
  await page.keyboard.press('Enter');
  await expect(listed(page)).toHaveText([/^Hamlet/]);
  await expect(listed(page).first()).toBeFocused();

  await page.getByRole('button', { name: 'Delete Hamlet' }).focus();
  await page.keyboard.press('Enter');
  await expect(listed(page)).toHaveCount(0);
  await expect(chat.answers).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Undo' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(listed(page)).toHaveText([/^Hamlet/]);
  await listed(page).first().click();
  await expect(chat.answers).toHaveCount(2);
});

test('a tab that is closed in the middle of an answer loses at most its last second', async ({
  context,
  page,
}) => {
  const chat = new ChatPage(page);
  await chat.open(`${server.url}/tiny.gguf`);
  await chat.send('to be');
  await expect(chat.answers.last().locator('.said')).toHaveText(/\w{3}/);
  const early = (await chat.answers.last().locator('.said').innerText()).slice(0, 20);
  await page.waitForTimeout(1500);
  const address = page.url();
  const other = await context.newPage();
  await page.close({ runBeforeUnload: false });
  await other.goto(address);
  await expect(other.locator('.turn.user .said')).toHaveText('to be');
  await expect(other.locator('.turn.assistant .said')).toContainText(early);
});

test('two tabs in one conversation keep the words of both', async ({ context, page }) => {
  const here = new ChatPage(page);
  await here.open(`${server.url}/tiny.gguf`);
  await ask(here, 'to be');
  const other = await context.newPage();
  await other.goto(page.url());
  const there = new ChatPage(other);
  await expect(there.answers).toHaveCount(1);
  await ask(there, 'or not');
  await expect(here.answers).toHaveCount(2);
  await ask(here, 'that is');
  await expect(there.answers).toHaveCount(3);
  await other.reload();
  await expect(other.locator('.turn.user .said')).toHaveText(['to be', 'or not', 'that is']);
  await expect(listed(other)).toHaveCount(1);
});

test('on a narrow screen the conversations are a drawer, by keyboard too', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 780 });
  const chat = new ChatPage(page);
  await chat.open(`${server.url}/tiny.gguf`);
  await ask(chat, 'to be');
  const drawer = page.getByRole('navigation', { name: 'Conversations' });
  const opener = page.getByRole('button', { name: 'Conversations' });
  await expect(drawer).toBeHidden();
  await opener.focus();
  await page.keyboard.press('Enter');
  await expect(drawer).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(listed(page).first()).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(drawer).toBeHidden();
  await expect(opener).toBeFocused();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);

  await page.getByRole('button', { name: 'New chat' }).click();
  await opener.click();
  await listed(page).first().click();
  await expect(drawer).toBeHidden();
  await expect(chat.answers).toHaveCount(1);
});

test('a browser that refuses IndexedDB chats on, and says that nothing is kept', async ({ page }) => {
  await page.addInitScript(() => {
    Object.defineProperty(globalThis, 'indexedDB', {
      value: {
        open: () => {
          throw new DOMException('refused', 'InvalidStateError');
        },
      },
    });
  });
  const chat = new ChatPage(page);
  await chat.open(`${server.url}/tiny.gguf`);
  await expect(page.getByText(/^Conversations are not kept in this browser/)).toBeVisible();
  await ask(chat, 'to be');
  await expect(listed(page)).toHaveCount(0);
});
