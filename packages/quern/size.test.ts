// What a visitor downloads stays small. Without a build there is nothing to weigh.

import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const BUDGETS = { 'index.js': 20_000, 'worker.js': 150_000 };

describe.each(Object.entries(BUDGETS))('dist/%s', (file, budget) => {
  const url = new URL(`./dist/${file}`, import.meta.url);
  it.skipIf(!existsSync(url))(`is under ${budget} bytes of gzip and holds no wasm`, () => {
    const code = readFileSync(url);
    expect(gzipSync(code, { level: 9 }).byteLength).toBeLessThan(budget);
    expect(code.toString()).not.toMatch(/WebAssembly|\.wasm\b/);
  });
});
