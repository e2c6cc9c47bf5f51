// A GGUF header: magic, version, counts, metadata pairs, tensor entries
// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Versions 2 and 3 have one layout; 3 only
// added big-endian files. Nothing is believed yet about where tensors lie: see tensor-placement.ts.

import { QuernError, type ByteSource } from '@quern/spec';
import type { MetadataValue } from '../metadata.ts';
import { HeaderCursor } from './header-cursor.ts';
import {
  MAX_DIMENSIONS,
  MAX_KEY_BYTES,
  MAX_METADATA_PAIRS,
  MAX_TENSOR_NAME_BYTES,
  MAX_TENSORS,
} from './limits.ts';
import { readValue } from './values.ts';

/** A tensor as its header entry has it. */
export interface TensorEntry {
  readonly name: string;
  readonly typeId: number;
  /** Outermost first. */
  readonly shape: readonly number[];
  /** Product of the shape, within 2^53. */
  readonly elements: number;
  /** From the start of the data section. */
  readonly offset: number;
}

export interface GgufHeader {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly tensors: readonly TensorEntry[];
  /** Where the last tensor entry ends. */
  readonly byteLength: number;
}

/** Reads the header of one file. Throws 'corrupt-file' for whatever is not GGUF 2 or 3. */
export async function readHeader(source: ByteSource, signal?: AbortSignal): Promise<GgufHeader> {
  const cursor = new HeaderCursor(source);
  const version = await cursor.parsePart(() => readVersion(cursor), signal);
  cursor.part = 'counts';
  const [tensorCount, pairCount] = await cursor.parsePart(
    () => [
      cursor.count('the number of tensors', MAX_TENSORS),
      cursor.count('the number of metadata pairs', MAX_METADATA_PAIRS),
    ],
    signal,
  );
  // Shortest pair: empty key, type, one byte. Shortest entry: empty name, no dimensions, type, offset.
  cursor.expectRoom(pairCount, 13, 'metadata pairs');
  cursor.expectRoom(tensorCount, 24, 'tensor entries');

  const metadata = new Map<string, MetadataValue>();
  for (let i = 0; i < pairCount; i++) {
    cursor.part = `metadata pair ${i}`;
    const [key, value] = await cursor.parsePart(() => readPair(cursor), signal);
    if (metadata.has(key)) throw cursor.corrupt('the key appears twice');
    metadata.set(key, value);
  }
  const tensors: TensorEntry[] = [];
  for (let i = 0; i < tensorCount; i++) {
    cursor.part = `tensor entry ${i}`;
    tensors.push(await cursor.parsePart(() => readTensorEntry(cursor), signal));
  }
  return { version, metadata, tensors, byteLength: cursor.position };
}

const LITTLE_ENDIAN_MAGIC = 0x46554747; // 'GGUF'
const BIG_ENDIAN_MAGIC = 0x47475546;

function readVersion(cursor: HeaderCursor): number {
  const magic = cursor.u32();
  if (magic !== LITTLE_ENDIAN_MAGIC && magic !== BIG_ENDIAN_MAGIC) throw notGguf(cursor.source.name, magic);
  cursor.part = 'version';
  const version = cursor.u32();
  if (magic === BIG_ENDIAN_MAGIC || (version !== 0 && (version & 0xffff) === 0)) {
    throw cursor.corrupt('this is a big-endian GGUF file; convert it with gguf_convert_endian.py');
  }
  if (version === 2 || version === 3) return version;
  throw cursor.corrupt(`GGUF version ${version} is not supported, only 2 and 3; convert the model again`);
}

function readPair(cursor: HeaderCursor): [key: string, value: MetadataValue] {
  const key = cursor.string('the key', MAX_KEY_BYTES);
  cursor.part = `metadata key ${JSON.stringify(key.slice(0, 100))}`;
  if (key === '') throw cursor.corrupt('the key is empty');
  return [key, readValue(cursor, cursor.u32())];
}

function readTensorEntry(cursor: HeaderCursor): TensorEntry {
  const name = cursor.string('the tensor name', MAX_TENSOR_NAME_BYTES);
  cursor.part = `tensor ${JSON.stringify(name)}`;
  if (name === '') throw cursor.corrupt('the tensor name is empty');
  const dimensions = cursor.u32();
  if (dimensions > MAX_DIMENSIONS) {
    throw cursor.corrupt(`the tensor has ${dimensions} dimensions; GGUF allows ${MAX_DIMENSIONS}`);
  }
  const shape: number[] = [];
  let elements = 1;
  for (let i = 0; i < dimensions; i++) {
    const size = cursor.count(`dimension ${i}`, Number.MAX_SAFE_INTEGER);
    if (size === 0) throw cursor.corrupt(`dimension ${i} is 0`);
    // Rounding cannot hide an overflow: products up to 2^53 are exact, larger ones stay larger.
    elements *= size;
    if (elements > Number.MAX_SAFE_INTEGER) {
      throw cursor.corrupt(`the shape has more than 2^53 elements`);
    }
    shape.unshift(size);
  }
  const typeId = cursor.u32();
  return { name, typeId, shape, elements, offset: cursor.count('the offset', Number.MAX_SAFE_INTEGER) };
}

/** What lies at the start of files that people take for GGUF. */
function notGguf(name: string, magic: number): QuernError {
  const first = String.fromCharCode(magic & 255, (magic >> 8) & 255, (magic >> 16) & 255, magic >>> 24);
  let found = `it starts with ${JSON.stringify(first)}`;
  if (first === 'vers') found = 'it may be a Git LFS pointer instead of the file it points to';
  else if (first.startsWith('PK')) found = 'it is a zip archive (a PyTorch checkpoint?)';
  else if (/^\s*</.test(first)) found = 'it looks like a web page, perhaps an error of the server';
  else if (['lmgg', 'tjgg', 'fmgg', 'algg'].includes(first)) found = 'it is a GGML file from before GGUF';
  return new QuernError('corrupt-file', `${name} is not a GGUF file: ${found}`);
}
