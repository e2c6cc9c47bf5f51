// A folder that the user opened in the page (showDirectoryPicker, a drop): the files of the one model in it.
import type { ByteSource } from '@quern/spec';
import { QuernError } from '@quern/spec';
import { openBlob } from './blob-source.ts';
import { chooseInFolder, nameInFolder } from './folder-choice.ts';

export function isFolderHandle(value: unknown): value is FileSystemDirectoryHandle {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'directory';
}

/** Throws 'not-found', 'invalid-request' (several models), 'storage-error' where the folder may not be read. */
export async function openFolderHandle(handle: FileSystemDirectoryHandle): Promise<ByteSource[]> {
  const files = new Map<string, FileSystemFileHandle>();
  const opened: ByteSource[] = [];
  try {
    for await (const entry of handle.values()) {
      if (entry.kind === 'file') files.set(entry.name, entry as FileSystemFileHandle);
    }
    for (const name of chooseInFolder([...files.keys()], handle.name)) {
      opened.push(openBlob(await files.get(name)!.getFile(), nameInFolder(handle.name, name)));
    }
  } catch (error) {
    if (QuernError.is(error)) throw error;
    throw new QuernError(
      'storage-error',
      `${handle.name} cannot be read: its permission has ended, or it was moved; choose it again`,
      { cause: error },
    );
  }
  return opened;
}
