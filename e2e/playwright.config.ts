// Playwright's settings. The pages are served once for all tests; a software adapter is slow and takes
// every core, so there is one worker and patience.
import { defineConfig } from 'playwright/test';

export default defineConfig({
  testDir: '.',
  testMatch: ['loading/*.spec.ts', 'browser/*.spec.ts', 'package/*.spec.ts', 'firefox/*.spec.ts'],
  // What takes gigabytes and minutes: npm run test:all
  grepInvert: process.env.QUERN_LONG ? undefined : /@long/,
  outputDir: '../test-results',
  globalSetup: './servers/pages.ts',
  workers: 1,
  fullyParallel: false,
  forbidOnly: process.env.CI !== undefined,
  retries: 0,
  timeout: 300_000,
  expect: { timeout: 60_000 },
  reporter: 'list',
});
