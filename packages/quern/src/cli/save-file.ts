// A stream of bytes as a new file.

import { rm } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { QuernError, throwIfAborted } from '@quern/spec';

/**
 * Never writes over a file, nor outside of the folder, whatever a server has called it. Throws 'invalid-request',
 * 'storage-error', 'aborted' and what the stream throws.
 */
export async function saveFile(
  folder: string,
  name: string,
  bytes: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<string> {
  const path = join(folder, basename(name.replaceAll('\\', '/')));
  // Node's own types and those of browsers tell two kinds of streams.
  const source = Readable.fromWeb(bytes as Parameters<typeof Readable.fromWeb>[0]);
  const file = createWriteStream(path, { flags: 'wx' });
  let made = false;
  file.once('open', () => (made = true));
  try {
    await pipeline(source, file, { signal });
    return path;
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST') {
      throw new QuernError('invalid-request', `${path} is there already; take another folder, or delete it`);
    }
    // A stream that fails at once comes before the file is opened: only then is it known whether this made it.
    file.destroy();
    if (!file.closed)
      await new Promise<void>((resolve) => file.on('error', () => resolve()).on('close', resolve));
    if (made) await rm(path, { force: true });
    throwIfAborted(signal);
    if (QuernError.is(error)) throw error;
    throw new QuernError('storage-error', `${path} could not be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
