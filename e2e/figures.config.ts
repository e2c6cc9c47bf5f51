// Playwright's settings for what is measured rather than tested.
import { defineConfig } from 'playwright/test';

export default defineConfig({
  testDir: 'loading',
  testMatch: '*.bench.ts',
  outputDir: '../test-results',
  workers: 1,
  reporter: 'list',
});
