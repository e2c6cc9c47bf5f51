// The chat page without a network: the page from the service worker, the model and the conversation from IndexedDB.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { identity, serve } from '../../scripts/serve/server.js';
import { ROOT } from '../../scripts/setup/paths.js';
import { serveFiles } from '../servers/files.ts';
import { ChatPage, expect, test } from './fixtures.ts';

/** A port of its own: this server is stopped in the middle, and an origin includes its port. */
const PORT = 5231;

async function pagesAreKept(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    if (active?.state === 'activated') return;
    await new Promise<void>((resolve) => {
      active?.addEventListener('statechange', () => active.state === 'activated' && resolve());
    });
  });
}

test('with the server gone and the network off: reload, read on, ask on', async ({ profile }) => {
  const server = await serve(PORT);
  const context = await profile.open({ offline: true });
  const page = context.pages()[0] ?? (await context.newPage());
  const chat = new ChatPage(page);
  try {
    await chat.open(undefined, server.url);
    await chat.send('What is the capital of France?');
    expect(await chat.answer()).toContain('Paris');
    await pagesAreKept(page);
  } finally {
    await server.close();
  }
  await context.setOffline(true);
  expect(await identity(server.url)).toBeUndefined();

  await page.reload();
  await expect(chat.answers.last().locator('.said')).toContainText('Paris');
  await expect(page.locator('.turn.user .said')).toHaveText('What is the capital of France?');
  await chat.send('And of Italy?');
  await expect(chat.answers).toHaveCount(2);
  expect(await chat.answer()).toContain('Rome');

  // The other page, and the way from / to the chat.
  await page.goto(`${server.url}/bench/`);
  await expect(page.getByRole('heading', { level: 1, name: 'Benchmark' })).toBeVisible();
  await page.goto(`${server.url}/`);
  await expect(page.getByRole('link', { name: /What is the capital of France/ })).toBeVisible();
});

test('a new version is offered, and taken only when asked for', async ({ profile }) => {
  const files = new Map<string, Uint8Array>();
  const dist = join(ROOT, 'demo', 'dist');
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || path.endsWith('.wasm')) continue;
    files.set(path.slice(dist.length), new Uint8Array(await readFile(path)));
  }
  const server = await serveFiles(files);
  const context = await profile.open({ offline: true });
  const page = context.pages()[0] ?? (await context.newPage());
  try {
    await page.goto(`${server.url}/chat/`);
    await pagesAreKept(page);
    await page.reload();
    const change = (path: string, from: string, to: string) => {
      const text = Buffer.from(files.get(path)!).toString();
      expect(text).toContain(from);
      files.set(path, new Uint8Array(Buffer.from(text.replace(from, to))));
    };
    change('/chat/index.html', 'A language model, in this tab', 'Another language model');
    change('/sw.js', 'chat/index.html",revision:"', 'chat/index.html",revision:"2');
    await page.reload();
    await expect(page.getByText('A new version of this page is ready.')).toBeVisible();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('A language model, in this tab');
    await page.getByRole('button', { name: 'Reload' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Another language model');
    await expect(page.getByText('A new version of this page is ready.')).toHaveCount(0);
  } finally {
    await server.close();
  }
});

test('can be installed: a manifest with its icons, and nothing that the policy refuses', async ({
  profile,
}) => {
  const context = await profile.open({ offline: true });
  const page = context.pages()[0] ?? (await context.newPage());
  const refused: string[] = [];
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) refused.push(message.text());
  });
  const chat = new ChatPage(page);
  await chat.open();
  await pagesAreKept(page);
  const protocol = await context.newCDPSession(page);
  const { errors, data } = await protocol.send('Page.getAppManifest');
  expect(errors).toEqual([]);
  const manifest = JSON.parse(data ?? '') as {
    icons: Array<{ src: string; sizes: string }>;
    start_url: string;
  };
  expect(manifest.start_url).toBe('/chat/');
  for (const { src, sizes } of manifest.icons) {
    const size = await page.evaluate(async (src) => {
      const image = new Image();
      image.src = src;
      await image.decode();
      return `${image.naturalWidth}x${image.naturalHeight}`;
    }, src);
    expect(size).toBe(sizes);
  }
  const { installabilityErrors } = await protocol.send('Page.getInstallabilityErrors');
  expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')).toEqual(
    [],
  );
  expect(refused).toEqual([]);
});
