// A file on disk, in Node.
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ByteSource } from '@quern/spec';
import { QuernError, throwIfAborted } from '@quern/spec';
import { checkRange } from '../reading/chunked-source.ts';
import { guardStorage } from '../chunk-stores/storage-error.ts';

/** `name` is for messages. Throws 'not-found' (no such file), 'invalid-request' (a folder), 'storage-error'. */
export async function openNodeFile(path: string, name = basename(path)): Promise<ByteSource> {
  const handle = await openForReading(path);
  const { size } = await guardStorage(`reading ${path}`, () => handle.stat());
  return {
    name,
    byteLength: size,
    origin: 'file',
    bytesFetched: 0,
    async read(offset, length, signal) {
      checkRange({ name, byteLength: size }, offset, length);
      const out = new Uint8Array(length);
      for (let done = 0; done < length;) {
        throwIfAborted(signal);
        // At most 64 MiB at a time: an abort is seen soon, and Linux reads less than 2 GiB in one call.
        const step = Math.min(length - done, 2 ** 26);
        const { bytesRead } = await guardStorage(`reading ${path}`, () =>
          handle.read(out, done, step, offset + done),
        );
        if (bytesRead === 0) {
          throw new QuernError('corrupt-file', `${path} ends at byte ${offset + done}: it was cut short`);
        }
        done += bytesRead;
      }
      return out;
    },
    async close() {
      await handle.close();
    },
  };
}

async function openForReading(path: string): Promise<Awaited<ReturnType<typeof open>>> {
  try {
    const handle = await open(path, 'r');
    if (!(await handle.stat()).isDirectory()) return handle;
    await handle.close();
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') {
      throw new QuernError('not-found', `${path} does not exist`, { cause: error });
    }
    throw new QuernError('storage-error', `${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  throw new QuernError('invalid-request', `${path} is a folder, not a file`);
}
