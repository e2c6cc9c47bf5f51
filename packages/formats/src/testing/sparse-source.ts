import { QuernError, throwIfAborted } from '@quern/spec';
import type { MemorySource } from './memory-source.ts';

/** Bytes are alike within a page. */
const PAGE = 4096;

/** What a sparse source has at `offset`: neighbours differ, and so do places 2^31 and 2^32 apart. */
export function sparseByte(offset: number): number {
  const page = Math.floor(offset / PAGE);
  return (page + 7 * Math.floor(page / 251) + 11 * Math.floor(offset / 2 ** 31)) % 251;
}

/** A file of any length, whose bytes are made when they are read: `head`, then sparseByte of each place. */
export function sparseSource(head: Uint8Array, byteLength: number, name = 'test.gguf'): MemorySource {
  const reads: Array<{ offset: number; length: number }> = [];
  return {
    name,
    byteLength,
    origin: 'file',
    bytesFetched: 0,
    reads,
    async read(offset, length, signal) {
      throwIfAborted(signal);
      if (!(offset >= 0 && length >= 0 && offset + length <= byteLength)) {
        throw new QuernError('corrupt-file', `${name} has no ${length} bytes at ${offset}`);
      }
      reads.push({ offset, length });
      const out = new Uint8Array(length);
      for (let at = offset; at < offset + length;) {
        const end = Math.min(offset + length, (Math.floor(at / PAGE) + 1) * PAGE);
        out.fill(sparseByte(at), at - offset, end - offset);
        at = end;
      }
      if (offset < head.length) out.set(head.subarray(offset, offset + length));
      return out;
    },
    async close() {},
  };
}
