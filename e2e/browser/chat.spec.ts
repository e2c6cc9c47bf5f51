// The chat page with the real model: it answers, stops, and needs no network the second time.
import { identity } from '../../scripts/serve/server.js';
import { PAGES } from '../servers/pages.ts';
import { ChatPage, expect, test } from './fixtures.ts';

const MODEL_BYTES = 98_362_432;

async function sentByServer(): Promise<number> {
  const served = await identity(PAGES);
  if (!served) throw new Error('the page server is gone');
  return served.modelBytesSent;
}

test('answers sensibly, and a second visit fetches no byte of the model', async ({ profile }) => {
  const before = await sentByServer();
  const first = await profile.open();
  const chat = new ChatPage(first.pages()[0] ?? (await first.newPage()));
  await chat.open();
  await chat.send('What is the capital of France?');
  expect(await chat.answer()).toContain('Paris');
  await expect(chat.answers.last()).toContainText(/\d+ tokens · [\d.]+ tokens\/s/);
  const after = await sentByServer();
  // Header reads may overlap the weights a little; twice the file would mean that nothing was kept.
  expect(after - before).toBeGreaterThanOrEqual(MODEL_BYTES);
  expect(after - before).toBeLessThan(1.2 * MODEL_BYTES);
  await first.close();

  const second = await profile.open();
  const again = new ChatPage(second.pages()[0] ?? (await second.newPage()));
  await again.open();
  await again.send('What is the capital of France?');
  expect(await again.answer()).toContain('Paris');
  expect(await sentByServer()).toBe(after);
});

test('streams, stops on Esc, and goes on with the chat', async ({ page }) => {
  const chat = new ChatPage(page);
  await chat.open();
  await chat.send('Write a long story about a mill by a river.');
  const said = chat.answers.last().locator('.said');
  await expect(said).toHaveText(/\w+ \w+/);
  const early = (await said.innerText()).length;
  await expect.poll(async () => (await said.innerText()).length).toBeGreaterThan(early);
  await expect(page.getByRole('button', { name: 'Stop' })).toBeVisible();
  await chat.field.press('Escape');
  await expect(chat.answers.last()).toContainText('stopped');
  await expect(chat.field).toBeFocused();

  await chat.send('What is the capital of France?');
  await expect(chat.answers).toHaveCount(2);
  await expect(chat.answers.last().locator('.said')).toHaveText(/\w+/);
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(chat.answers.last()).toContainText('stopped');

  await page.getByRole('button', { name: 'New chat' }).click();
  await expect(chat.answers).toHaveCount(0);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
});

test('a load can be cancelled, and taken up again', async ({ page }) => {
  const chat = new ChatPage(page);
  await chat.open();
  await chat.load();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('heading', { name: 'Choose a model' })).toBeVisible();
  await expect(chat.notice).toHaveCount(0);
  await chat.load();
  await chat.loaded();
});
