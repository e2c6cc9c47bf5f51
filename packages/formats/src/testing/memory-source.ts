import { QuernError, throwIfAborted, type ByteSource } from '@quern/spec';

/** A byte source over memory that records what was read. */
export interface MemorySource extends ByteSource {
  readonly reads: ReadonlyArray<{ readonly offset: number; readonly length: number }>;
}

export function memorySource(bytes: Uint8Array, name = 'test.gguf'): MemorySource {
  const reads: Array<{ offset: number; length: number }> = [];
  return {
    name,
    byteLength: bytes.length,
    origin: 'file',
    bytesFetched: 0,
    reads,
    async read(offset, length, signal) {
      throwIfAborted(signal);
      if (offset < 0 || length < 0 || offset + length > bytes.length) {
        throw new QuernError('corrupt-file', `${name} has no ${length} bytes at ${offset}`);
      }
      reads.push({ offset, length });
      return bytes.slice(offset, offset + length);
    },
    async close() {},
  };
}
