// Builds a part of the package when it is missing or older than what it is made of.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DIST, ROOT } from './paths.js';

/** Part -> a file that it writes last. */
const WITNESS = { page: 'index.js', worker: 'worker.js', node: 'cli.js' };

const SOURCES = ['packages', 'kernels', 'scripts/build', 'package-lock.json'];
const NOT_SOURCES = new Set(['node_modules', 'dist', '.cache', 'README.md']);
const NOT_SOURCE = /\.test\.ts$|\.suite\.ts$/;

function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return NOT_SOURCE.test(path) ? 0 : stat.mtimeMs;
  return readdirSync(path).reduce(
    (latest, name) => (NOT_SOURCES.has(name) ? latest : Math.max(latest, newest(join(path, name)))),
    0,
  );
}

export function isStale(part) {
  const built = statSync(join(DIST, WITNESS[part]), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return SOURCES.some((source) => newest(join(ROOT, source)) > built);
}

export async function buildIfStale(part) {
  if (isStale(part)) await buildPart(part);
}

/** Builds into a folder of its own and moves file by file, so that a process that runs finds whole files. */
export async function buildPart(part) {
  if (!existsSync(join(ROOT, 'node_modules', 'vite'))) {
    throw new Error('Vite is missing; run `npm ci` in the clone first');
  }
  const { bundle } = await import('./bundle.js');
  const outDir = join(DIST, `.${part}-${process.pid}`);
  try {
    await bundle(part, outDir);
    await mkdir(DIST, { recursive: true });
    // Entries last: they are what tells that the part is fresh.
    const names = (await readdir(outDir)).toSorted(
      (a, b) => Number(a.endsWith('.js')) - Number(b.endsWith('.js')),
    );
    for (const name of names) await replace(join(outDir, name), join(DIST, name));
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

async function replace(from, to) {
  if (statSync(from).isDirectory()) await rm(to, { recursive: true, force: true });
  await rename(from, to);
}
