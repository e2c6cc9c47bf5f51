// What the user opened in the page (showDirectoryPicker, showOpenFilePicker, a drop) or what lies in the page's own
// file system (OPFS): a folder with the files of one model, or a file.
import type { ByteSource } from '@quern/spec';
import { QuernError } from '@quern/spec';
import { openBlob } from './blob-source.ts';
import { chooseInFolder, nameInFolder } from './folder-choice.ts';

export function isFolderHandle(value: unknown): value is FileSystemDirectoryHandle {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'directory';
}

export function isFileHandle(value: unknown): value is FileSystemFileHandle {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'file';
}

/** Throws 'storage-error' where the file may not be read. */
export async function openFileHandle(handle: FileSystemFileHandle): Promise<ByteSource> {
  try {
    return openBlob(await handle.getFile(), handle.name);
  } catch (error) {
    throw unreadable(handle, error);
  }
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
    throw unreadable(handle, error);
  }
  return opened;
}

function unreadable({ name }: FileSystemHandle, cause: unknown): QuernError {
  return new QuernError(
    'storage-error',
    `${name} cannot be read: its permission has ended, or it was moved; choose it again`,
    { cause },
  );
}
