// Starts a headless Chromium that has WebGPU: on the machine's GPU, else on SwiftShader. Needs the
// dependencies.
import { chromium } from 'playwright';
import { REAL, SOFTWARE, mayHaveGpu } from './flags.js';

/**
 * A Playwright BrowserContext with a profile in `profile` (kept; '' for one that is thrown away), and
 * whether its adapter is software. `url` is any page of a secure origin: WebGPU is asked for there.
 * Throws an Error when neither adapter can be had, or the profile is in use.
 */
export async function launchBrowser({ browser, profile = '', url, options = {} }) {
  const tries = mayHaveGpu() ? [REAL, SOFTWARE] : [SOFTWARE];
  for (const args of tries) {
    const context = await open(browser, profile, args, options);
    const page = context.pages()[0] ?? (await context.newPage());
    await page.goto(url);
    if (await hasAdapter(page)) return { context, page, software: args === SOFTWARE };
    await context.close();
  }
  throw new Error(
    `${browser} gives no WebGPU adapter, not even its software one. Is it older than version 121?`,
  );
}

async function open(browser, profile, args, options) {
  try {
    return await chromium.launchPersistentContext(profile, {
      executablePath: browser,
      headless: true,
      args,
      ...options,
    });
  } catch (error) {
    if (!/ProcessSingleton|profile.*in use|SingletonLock/i.test(error.message)) throw error;
    throw new Error(`another browser uses the profile ${profile}: wait for it to end`, { cause: error });
  }
}

function hasAdapter(page) {
  return page.evaluate(async () => {
    const adapter = await globalThis.navigator.gpu?.requestAdapter();
    return adapter !== null && adapter !== undefined;
  });
}
