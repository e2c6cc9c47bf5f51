// What tells the kernels of one build from those of another: a hash of their sources, shaders and ops. Choices that
// were measured with other kernels count for nothing.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../setup/paths.js';

/** For `define` of Vite. */
export function kernelsBuild() {
  const folder = join(ROOT, 'kernels');
  const files = readdirSync(folder, { recursive: true })
    .map((path) => String(path).replaceAll('\\', '/'))
    .filter((path) => /\.(ts|wgsl)$/.test(path) && !/\.test\.ts$|^testing\/|node_modules/.test(path))
    .sort();
  const hash = createHash('sha256');
  for (const path of files) hash.update(`${path}\n`).update(readFileSync(join(folder, path)));
  return { QUERN_KERNELS: JSON.stringify(hash.digest('hex').slice(0, 16)) };
}
