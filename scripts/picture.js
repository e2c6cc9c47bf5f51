// Takes the picture of the chat page for the README: the real page, the real model, a real answer.
//   node scripts/picture.js [PROMPT ...]
import { join } from 'node:path';
import { install } from './setup/install.js';
import { ensureModel } from './setup/model.js';
import { PROFILE, ROOT } from './setup/paths.js';
import { say } from './setup/say.js';

const given = process.argv.slice(2);
const PROMPTS =
  given.length > 0
    ? given
    : [
        'What is the capital of France?',
        'Write a haiku about a mill by a river.',
        'Why is the sky blue? Answer in one paragraph.',
      ];
const PORT = 5239;

await install();
await ensureModel();
const { ensureBrowser } = await import('./setup/install-browser.js');
const { serve } = await import('./serve/server.js');
const { launchBrowser } = await import('./browser/launch.js');
const server = await serve(PORT);
const { context, page } = await launchBrowser({
  browser: await ensureBrowser(),
  profile: `${PROFILE}-picture`,
  url: `${server.url}/chat/`,
  options: {
    viewport: { width: 1120, height: 640 },
    deviceScaleFactor: 2,
    colorScheme: 'light',
    serviceWorkers: 'block',
  },
});
await page.goto(`${server.url}/chat/`);
// The conversations of the last picture are not part of this one.
await page.evaluate(() => globalThis.indexedDB.deleteDatabase('quern-chats'));
// With a seed the picture is the same wherever it is taken.
await page.goto(`${server.url}/chat/?seed=2`);
for (const [index, prompt] of PROMPTS.entries()) {
  if (index > 0) await page.getByRole('button', { name: 'New chat' }).click();
  await page.getByRole('textbox', { name: 'Message' }).fill(prompt);
  await page.keyboard.press('Enter');
  await page.locator('.turn.assistant .foot button').waitFor({ timeout: 600_000 });
}
await page.screenshot({ path: join(ROOT, 'docs', 'chat.png') });
say('docs/chat.png is new.');
await context.close();
await server.close();
