// A file whose bytes come when a test says so.

import { memorySource } from '@quern/formats/testing';
import type { ByteSource } from '@quern/spec';

export async function bytesOf(source: ByteSource): Promise<Uint8Array> {
  return source.read(0, source.byteLength);
}

/** Reads that begin at byte `from` or later wait until `open` is called, or their signal fires. */
export function gated(bytes: Uint8Array, from: number): ByteSource & { open(): void; waiting: number } {
  const inner = memorySource(bytes, 'gated.gguf');
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const source = {
    ...inner,
    open,
    waiting: 0,
    async read(offset: number, length: number, signal?: AbortSignal) {
      if (offset >= from) {
        source.waiting++;
        const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
        await Promise.race([opened, aborted]);
      }
      return inner.read(offset, length, signal);
    },
  };
  return source;
}
