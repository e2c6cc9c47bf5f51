// What the browser tests share: a browser with WebGPU, and a chat page with words for its parts.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test as base, type BrowserContext, type Locator, type Page } from 'playwright/test';
import { launchBrowser } from '../../scripts/browser/launch.js';
import { findBrowser } from '../../scripts/setup/find-browser.js';
import { PAGES } from '../servers/pages.ts';

export interface Profile {
  /**
   * A new browser on this profile; the one before must be closed. Without `offline` it has no service worker: the
   * server's pages are the ones under test, and what a test changes on the way is seen.
   */
  open(options?: { offline?: boolean }): Promise<BrowserContext>;
}

export const test = base.extend<{ profile: Profile; page: Page; context: BrowserContext }>({
  /** A browser profile that lives as long as the test: what the page keeps is kept. */
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the parameter's own text
  profile: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'quern-profile-'));
    const opened: BrowserContext[] = [];
    await use({
      open: async ({ offline = false } = {}) => {
        const context = await open(folder, offline);
        opened.push(context);
        return context;
      },
    });
    for (const context of opened) await context.close().catch(() => {});
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  },
  context: async ({ profile }, use) => use(await profile.open()),
  page: async ({ context }, use) => use(context.pages()[0] ?? (await context.newPage())),
});

async function open(profile: string, offline: boolean): Promise<BrowserContext> {
  const browser = process.env.QUERN_BROWSER ?? findBrowser();
  if (!browser) throw new Error('no browser: `npm test` installs one');
  const options = { serviceWorkers: offline ? ('allow' as const) : ('block' as const) };
  const { context } = await launchBrowser({ browser, profile, url: `${PAGES}/chat/`, options });
  return context;
}

/** The chat page, by what a person sees. */
export class ChatPage {
  readonly page: Page;
  readonly field: Locator;
  readonly answers: Locator;
  readonly notice: Locator;

  constructor(page: Page) {
    this.page = page;
    this.field = page.getByRole('textbox', { name: 'Message' });
    this.answers = page.locator('.turn.assistant');
    this.notice = page.getByRole('alert');
  }

  /** Answers repeat: the page draws with a seed. */
  async open(model?: string, pages = PAGES): Promise<void> {
    await this.page.goto(`${pages}/chat/?seed=2${model ? `&model=${encodeURIComponent(model)}` : ''}`);
    await expect(this.page.getByRole('radio').first()).toBeVisible();
  }

  async send(text: string): Promise<void> {
    await this.field.fill(text);
    await this.field.press('Enter');
  }

  /** The last answer, once it is whole. */
  async answer(): Promise<string> {
    const last = this.answers.last();
    await expect(last).not.toHaveAttribute('aria-busy', /./, { timeout: 240_000 });
    return last.locator('.said').innerText();
  }

  async load(): Promise<void> {
    await this.page.getByRole('button', { name: 'Load', exact: true }).click();
  }

  async loaded(): Promise<void> {
    await expect(this.page.getByRole('button', { name: /^Model: / })).toBeVisible();
  }
}

export { expect };
