#!/usr/bin/env node
// The `quern` command. In the published package it starts dist/cli.js. In a clone it first builds that file
// when it is missing or older than its sources, so that `npx quern` works right after `npm ci`.

import { existsSync } from 'node:fs';

const source = new URL('../../../scripts/build/fresh.js', import.meta.url);
// A clone has the sources beside the build; a package has neither.
if (existsSync(source) && existsSync(new URL('../src/cli/index.ts', import.meta.url))) {
  const { buildIfStale } = await import(source.href);
  try {
    await buildIfStale('node');
  } catch (error) {
    process.stderr.write(`quern: the build failed: ${error instanceof Error ? error.message : error}\n`);
    process.exit(1);
  }
}
await import(new URL('../dist/cli.js', import.meta.url).href);
