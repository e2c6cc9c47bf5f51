// What a visitor downloads, and the most it may be.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** File of the build -> bytes after gzip. */
export const BUDGETS = { 'index.js': 20_000, 'worker.js': 152_000 };

export async function gzipSize(folder, file) {
  return gzipSync(await readFile(join(folder, file)), { level: 9 }).byteLength;
}

/** One line a file. */
export async function sizeReport(folder) {
  const lines = [];
  for (const [file, budget] of Object.entries(BUDGETS)) {
    const size = await gzipSize(folder, file);
    const verdict = size < budget ? 'of' : 'OVER';
    lines.push(`${file.padEnd(10)} ${(size / 1000).toFixed(1)} kB gzip ${verdict} ${budget / 1000} kB`);
  }
  return lines.join('\n');
}
