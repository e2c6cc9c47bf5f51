// What needs Node: files, folders, a chunk store in a folder, and openModel with paths.
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ByteSource } from '@quern/spec';
import { QuernError } from '@quern/spec';
import type { ChunkPool } from './reading/chunk-pool.ts';
import { chooseInFolder, nameInFolder } from './models/folder-choice.ts';
import { openNodeFile } from './models/node-file-source.ts';
import type { ModelRef, OpenModelOptions } from './models/open-model.ts';
import { isOne, openModelWith } from './models/open-model.ts';
import { isFolderHandle } from './models/picked-handle.ts';
import { withBeside } from './models/safetensors-choice.ts';
import { allParts } from './models/split-name.ts';
import { storageError } from './chunk-stores/storage-error.ts';

export { openDirectoryChunkStore } from './chunk-stores/directory-chunk-store.ts';
export { directoryUsage } from './chunk-stores/directory-usage.ts';
export { folderKeptValues } from './kept-values/folder-kept-values.ts';
export { openNodeFile } from './models/node-file-source.ts';

/**
 * As the browser's openModel, but a path is one of the file system: a .gguf or .safetensors file (with its
 * other parts, if it is one of a split model) or a folder with one model. Text that could be a hub id but exists on disk is
 * a path; so is a file: URL. Throws 'not-found', 'invalid-request', 'network', 'storage-error', 'aborted'.
 */
export async function openModel(ref: ModelRef, options: OpenModelOptions = {}): Promise<ByteSource[]> {
  if (typeof ref === 'string') return openModelWith(await asPath(ref), options, openPath);
  if (isFolderHandle(ref) || isOne(ref)) return openModelWith(ref, options, openPath);
  const meant = await Promise.all(ref.map((one) => (typeof one === 'string' ? asPath(one) : one)));
  return openModelWith(meant, options, openPath);
}

/** A form that classifyRef takes for a path, if that is what the text is. */
async function asPath(text: string): Promise<string> {
  if (text.startsWith('file:')) return fileURLToPath(text);
  if (text.startsWith('~/')) return join(homedir(), text.slice(2));
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text) || text === '' || (await kindOf(text)) === 'absent') return text;
  return /^(\.{0,2}[\\/]|[A-Za-z]:[\\/])/.test(text) ? text : `./${text}`;
}

async function openPath(path: string, _pool: ChunkPool, alone: boolean): Promise<ByteSource[]> {
  const kind = await kindOf(path);
  if (kind === 'absent') throw new QuernError('not-found', `${path} does not exist`);
  const folder = kind === 'folder' ? path : dirname(path);
  const names =
    kind === 'folder'
      ? chooseInFolder(await readdir(path), path)
      : !alone
        ? [basename(path)]
        : /\.safetensors$/i.test(path)
          ? withBeside(basename(path), await readdir(folder))
          : allParts(basename(path));
  const opened: ByteSource[] = [];
  try {
    for (const name of names)
      opened.push(await openNodeFile(join(folder, name), nameInFolder(basename(resolve(folder)), name)));
    return opened;
  } catch (error) {
    await Promise.allSettled(opened.map((source) => source.close()));
    throw error;
  }
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'absent'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return 'absent';
    throw storageError(error, `looking at ${path}`);
  }
}
