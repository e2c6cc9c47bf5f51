// What kind of model file this is, by its first bytes: names lie.

import type { ByteSource } from '@quern/spec';

export type FileFormat = 'gguf' | 'safetensors';

/**
 * The format of a file, undefined if it is neither. GGUF starts with its magic; safetensors with the
 * uint64 length of a JSON object (https://github.com/huggingface/safetensors#format, at most 100 MB).
 */
export async function sniffFormat(source: ByteSource, signal?: AbortSignal): Promise<FileFormat | undefined> {
  if (source.byteLength < 10) return undefined;
  const bytes = await source.read(0, 10, signal);
  if (String.fromCharCode(...bytes.subarray(0, 4)) === 'GGUF') return 'gguf';
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const fits = length >= 2n && length <= 100_000_000n && length <= BigInt(source.byteLength - 8);
  return fits && bytes[8] === '{'.charCodeAt(0) ? 'safetensors' : undefined;
}
