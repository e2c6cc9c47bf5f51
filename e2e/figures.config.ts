// Playwright's settings for what is measured rather than tested.
import { defineConfig } from 'playwright/test';

export default defineConfig({
  testDir: '.',
  testMatch: ['loading/*.bench.ts', 'rivals/*.bench.ts', 'firefox/*.bench.ts'],
  outputDir: '../test-results',
  workers: 1,
  reporter: 'list',
});
