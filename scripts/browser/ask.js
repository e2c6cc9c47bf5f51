// Types one prompt into the real chat page, headless, and streams its answer to stdout.
import { mkdir } from 'node:fs/promises';
import { identity } from '../serve/server.js';
import { megabytes, progress, say } from '../setup/say.js';
import { launchBrowser } from './launch.js';

/**
 * Resolves to true when the page answered. `model` is what the page's model field takes; undefined
 * for the default. The page tells what happens through 'quern:*' events (demo/chat/tell.ts).
 */
export async function ask({ url, browser, profile, prompt, model }) {
  await mkdir(profile, { recursive: true });
  const before = (await identity(url))?.modelBytesSent ?? 0;
  const { context, page, software } = await launchBrowser({
    browser,
    profile,
    url: `${url}/chat/`,
    // The page as it was just built, not as the profile kept it.
    options: { serviceWorkers: 'block' },
  });
  if (software) say('No GPU for WebGPU here: SwiftShader computes, which is slow.');
  try {
    const { ended } = await listen(page);
    // Who asks once wants the likeliest answer, and the same the next time.
    const query = new URLSearchParams({ temperature: '0', ...(model && { model }) });
    await page.goto(`${url}/chat/?${query}`);
    await page.getByRole('textbox', { name: 'Message' }).fill(prompt);
    await page.keyboard.press('Enter');
    const end = await ended;
    process.stdout.write('\n');
    if (end.error) {
      say(`\n${end.error.code}: ${end.error.message}`);
      return false;
    }
    const fetched = ((await identity(url))?.modelBytesSent ?? 0) - before;
    say(`\n${end.tokens} tokens, ${end.tokensPerSecond.toFixed(1)} tokens/s on ${end.adapter}`);
    const network = Math.max(fetched, end.bytesFetched);
    say(`Model bytes over the network: ${network === 0 ? 'none' : megabytes(network)}`);
    return true;
  } finally {
    await context.close();
  }
}

/** Resolves with the detail of the page's last event: the end of the answer, or an error. */
async function listen(page) {
  let finish;
  const ended = new Promise((resolve) => (finish = resolve));
  await page.exposeFunction('quernTell', (name, detail) => {
    if (name === 'quern:progress') progress(loading(detail));
    else if (name === 'quern:answer') process.stdout.write(detail.text);
    else finish(name === 'quern:error' ? { error: detail } : detail);
  });
  await page.addInitScript(() => {
    for (const name of ['quern:progress', 'quern:answer', 'quern:end', 'quern:error']) {
      globalThis.document.addEventListener(name, (event) => globalThis.quernTell(name, event.detail));
    }
  });
  page.once('crash', () => finish({ error: { code: 'crash', message: 'the page crashed' } }));
  page.once('pageerror', (error) => finish({ error: { code: 'internal', message: String(error) } }));
  page.once('close', () => finish({ error: { code: 'crash', message: 'the page was closed' } }));
  return { ended };
}

function loading({ phase, loaded, total, from, bytesPerSecond }) {
  const size = total ? `${megabytes(loaded)} of ${megabytes(total)} from ${from}` : '';
  return `  ${phase} ${size} ${bytesPerSecond ? `at ${megabytes(bytesPerSecond)}/s` : ''}`;
}
