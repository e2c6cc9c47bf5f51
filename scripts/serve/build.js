// Builds the pages into demo/dist when a source is newer than the last build.
import { createHash } from 'node:crypto';
import { readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../setup/paths.js';
import { say } from '../setup/say.js';

const DIST = join(ROOT, 'demo', 'dist');
const MARK = join(DIST, 'build-mark.txt');
const SOURCES = ['packages', 'kernels', 'demo', 'vite.config.ts', 'package-lock.json'];
const SKIPPED = new Set(['node_modules', 'dist', '.cache']);

/** Makes demo/dist what the sources say. */
export async function buildPages() {
  const mark = await markOfSources();
  if ((await readFile(MARK, 'utf8').catch(() => '')) === mark) return;
  say('Building the pages ...');
  const { build } = await import('vite');
  await build({ root: join(ROOT, 'demo'), configFile: join(ROOT, 'vite.config.ts'), logLevel: 'warn' });
  // Written aside and moved, so that a build that was cut off is never taken for a whole one.
  await writeFile(`${MARK}.part`, mark);
  await rename(`${MARK}.part`, MARK).catch(() => rm(`${MARK}.part`, { force: true }));
}

/** A hash over the path, size and time of every source file. */
async function markOfSources() {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for await (const path of files(join(ROOT, source))) {
      const { size, mtimeMs } = await stat(path);
      hash.update(`${path} ${size} ${mtimeMs}\n`);
    }
  }
  return hash.digest('hex');
}

async function* files(path) {
  if (!(await stat(path)).isDirectory()) return void (yield path);
  const entries = await readdir(path, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (SKIPPED.has(entry.name)) continue;
    if (entry.isDirectory()) yield* files(join(path, entry.name));
    else if (!entry.name.endsWith('.test.ts')) yield join(path, entry.name);
  }
}
