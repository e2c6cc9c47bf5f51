// Kept values in Node: a JSON file each, named by the hash of its key and renamed into place when it is whole.

import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { guardStorage } from '../chunk-stores/storage-error.ts';
import { type KeptValues, MOST_KEPT } from './kept-values.ts';

/** The folder is made when something is kept. A file that is no JSON, or of another key, counts as none. */
export function folderKeptValues(folder: string): KeptValues {
  const pathOf = (key: string) =>
    join(folder, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`);
  return {
    async get(key) {
      const text = await readFile(pathOf(key), 'utf8').catch(() => undefined);
      if (text === undefined) return undefined;
      try {
        const kept = JSON.parse(text) as { key?: unknown; value?: unknown } | null;
        return kept?.key === key ? kept.value : undefined;
      } catch {
        return undefined; // a machine that stopped in the middle, or whoever wrote there
      }
    },
    put: (key, value) =>
      guardStorage(`keeping a value in ${folder}`, async () => {
        await mkdir(folder, { recursive: true });
        const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));
        if (files.length >= MOST_KEPT) {
          await Promise.all(files.map((name) => rm(join(folder, name), { force: true })));
        }
        const partial = join(folder, `.${randomUUID()}`);
        try {
          await writeFile(partial, JSON.stringify({ key, value }));
          await rename(partial, pathOf(key));
        } catch (error) {
          await rm(partial, { force: true });
          throw error;
        }
      }),
  };
}
