// How much the chunk store of Node takes on its disk, and how much more there is room for.
import type { Dirent } from 'node:fs';
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { StorageUsage } from '@quern/spec';
import { guardStorage } from './storage-error.ts';

/** `quota` is what is used and what the file system has free for this user. Throws 'storage-error'. */
export function directoryUsage(path: string): Promise<StorageUsage> {
  return guardStorage(`measuring the model cache ${path}`, async () => {
    const { bavail, bsize } = await statfs(path);
    const usage = await bytesIn(path);
    return { usage, quota: usage + bavail * bsize, persisted: true };
  });
}

async function bytesIn(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) sum += await bytesOf(folder, entry);
  return sum;
}

/** 0 for what went away meanwhile. */
async function bytesOf(folder: string, entry: Dirent): Promise<number> {
  const path = join(folder, entry.name);
  try {
    return entry.isDirectory() ? await bytesIn(path) : (await stat(path)).size;
  } catch {
    return 0;
  }
}
