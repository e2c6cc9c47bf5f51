// A File that the user chose or dropped, or any Blob.
import type { ByteSource } from '@quern/spec';
import { QuernError, throwIfAborted } from '@quern/spec';
import { abortable } from '../reading/abortable.ts';
import { checkRange } from '../reading/chunked-source.ts';

/** Throws 'storage-error' on reads when the file changed or went away since it was chosen. */
export function openBlob(blob: Blob, name?: string): ByteSource {
  const label = name ?? ('name' in blob && typeof blob.name === 'string' ? blob.name : 'model');
  return {
    name: label,
    byteLength: blob.size,
    origin: 'file',
    bytesFetched: 0,
    async read(offset, length, signal) {
      throwIfAborted(signal);
      checkRange({ name: label, byteLength: blob.size }, offset, length);
      let buffer: ArrayBuffer;
      try {
        buffer = await abortable(blob.slice(offset, offset + length).arrayBuffer(), signal);
      } catch (error) {
        if (QuernError.is(error)) throw error;
        throw new QuernError(
          'storage-error',
          `${label} can no longer be read: it was changed, moved or deleted since it was chosen; choose it again`,
          { cause: error },
        );
      }
      if (buffer.byteLength === length) return new Uint8Array(buffer);
      throw new QuernError(
        'corrupt-file',
        `${label} gave ${buffer.byteLength} of ${length} bytes at ${offset}: it was cut short`,
      );
    },
    async close() {},
  };
}
