import { expect, test } from 'vitest';
import { sniffFormat } from './sniff-format.ts';
import { memorySource, writeGguf } from './testing/index.ts';

function safetensors(length: bigint, json: string): Uint8Array {
  return Uint8Array.of(
    ...new Uint8Array(BigUint64Array.of(length).buffer),
    ...new TextEncoder().encode(json),
  );
}

test.each([
  ['a GGUF', writeGguf({}), 'gguf'],
  ['safetensors', safetensors(4n, '{}  data'), 'safetensors'],
  ['a JSON longer than the file', safetensors(9n, '{}  data'), undefined],
  ['something else after the length', safetensors(4n, '[]  data'), undefined],
  ['text', new TextEncoder().encode('hello, world'), undefined],
  ['a tiny file', new TextEncoder().encode('GGUF'), undefined],
])('%s', async (_what, bytes, format) => {
  expect(await sniffFormat(memorySource(bytes))).toBe(format);
});
