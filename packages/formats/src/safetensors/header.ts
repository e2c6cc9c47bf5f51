// The header of one safetensors file: a uint64 length, then JSON that gives type, shape and byte range of
// each tensor (https://github.com/huggingface/safetensors#format). Every claim is checked against the others
// and the file's length; no weight is read.

import { dtypeByName, type TensorInfo } from '@quern/dtypes';
import { QuernError, type ByteSource } from '@quern/spec';
import type { UnsupportedTensor } from '../model-file.ts';
import {
  FIRST_READ_BYTES,
  MAX_DIMENSIONS,
  MAX_HEADER_BYTES,
  MAX_NAME_LENGTH,
  MAX_TENSORS,
} from './limits.ts';

/** Bytes an element of what the format names; of the packed types only whole tensors have whole bytes. */
const ELEMENT_BITS: Readonly<Record<string, number>> = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E4M3: 8,
  F8_E5M2: 8,
  F8_E8M0: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  I64: 64,
  U64: 64,
  F64: 64,
  C64: 64,
};

export interface SafetensorsHeader {
  readonly tensors: readonly TensorInfo[];
  readonly unsupported: readonly UnsupportedTensor[];
}

/** Reads the header of file number `file`. Throws 'corrupt-file' for whatever is not sound. */
export async function readHeader(
  source: ByteSource,
  file: number,
  signal?: AbortSignal,
): Promise<SafetensorsHeader> {
  const { json, dataStart } = await readJson(source, signal);
  const entries = Object.entries(json).filter(([name]) => name !== '__metadata__');
  if (entries.length > MAX_TENSORS) {
    throw corrupt(source, `the header lists ${entries.length} tensors; ${MAX_TENSORS} are the most`);
  }
  const tensors: TensorInfo[] = [];
  const unsupported: UnsupportedTensor[] = [];
  const spans: Span[] = [];
  for (const [name, entry] of entries) {
    const { type, shape, begin, end } = checkEntry(source, name, entry, source.byteLength - dataStart);
    const offset = dataStart + begin;
    const dtype = dtypeByName(type.toLowerCase());
    if (dtype !== undefined) tensors.push({ name, dtype, shape, file, offset, byteLength: end - begin });
    else unsupported.push({ name, typeName: type, shape, file, offset });
    if (end > begin) spans.push({ name, begin, end });
  }
  refuseOverlaps(source, spans);
  return { tensors, unsupported };
}

type Json = Record<string, unknown>;

async function readJson(
  source: ByteSource,
  signal: AbortSignal | undefined,
): Promise<{ json: Json; dataStart: number }> {
  if (source.byteLength < 10)
    throw corrupt(source, `it has ${source.byteLength} bytes, too few for a header`);
  const first = await source.read(0, Math.min(FIRST_READ_BYTES, source.byteLength), signal);
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true);
  if (length < 2n || length > BigInt(MAX_HEADER_BYTES)) {
    throw corrupt(source, `its header claims ${length} bytes; from 2 to ${MAX_HEADER_BYTES} are possible`);
  }
  const dataStart = 8 + Number(length);
  if (dataStart > source.byteLength) {
    throw corrupt(
      source,
      `its header ends at byte ${dataStart}, but the file has ${source.byteLength}; its download is incomplete`,
    );
  }
  const bytes =
    dataStart <= first.byteLength
      ? first.subarray(8, dataStart)
      : await source.read(8, dataStart - 8, signal);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new QuernError('corrupt-file', `${source.name}: its header is not JSON`, { cause: error });
  }
  if (!isObject(json)) throw corrupt(source, 'its header is not a JSON object');
  return { json, dataStart };
}

interface Span {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

function checkEntry(
  source: ByteSource,
  name: string,
  entry: unknown,
  dataBytes: number,
): { type: string; shape: number[]; begin: number; end: number } {
  const wrong = (message: string) =>
    corrupt(source, `tensor ${JSON.stringify(name.slice(0, 100))}: ${message}`);
  if (name === '' || name.length > MAX_NAME_LENGTH) throw wrong(`its name has ${name.length} characters`);
  if (!isObject(entry)) throw wrong('its entry is not an object');
  const { dtype: type, shape, data_offsets: offsets } = entry;
  const bits = typeof type === 'string' && Object.hasOwn(ELEMENT_BITS, type) ? ELEMENT_BITS[type] : undefined;
  if (typeof type !== 'string' || bits === undefined) {
    throw wrong(`its dtype is ${JSON.stringify(type)?.slice(0, 40)}, which safetensors does not have`);
  }
  if (!Array.isArray(shape) || shape.length > MAX_DIMENSIONS || !shape.every(isCount)) {
    throw wrong(`its shape is not a list of at most ${MAX_DIMENSIONS} whole numbers`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw wrong('its data_offsets are not two whole numbers');
  }
  const [begin, end] = offsets as [number, number];
  // Products up to 2^53 are exact and larger ones stay larger, so rounding cannot hide an overflow.
  const bytes = (shape.reduce((product, size) => product * size, 1) * bits) / 8;
  if (begin > end || bytes !== end - begin) {
    throw wrong(
      `bytes ${begin} to ${end} do not hold ${shape.join(' x ') || 'one'} of ${type} (${bytes} bytes)`,
    );
  }
  if (end > dataBytes) {
    throw wrong(`it ends at byte ${end} of the data, which has ${dataBytes}; its download is incomplete`);
  }
  return { type, shape, begin, end };
}

function refuseOverlaps(source: ByteSource, spans: Span[]): void {
  spans.sort((a, b) => a.begin - b.begin || a.end - b.end);
  for (let i = 1; i < spans.length; i++) {
    const before = spans[i - 1]!;
    const span = spans[i]!;
    if (span.begin < before.end) {
      throw corrupt(
        source,
        `tensor ${JSON.stringify(span.name)} starts at byte ${span.begin}, inside '${before.name}', which ends at ${before.end}`,
      );
    }
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function corrupt(source: ByteSource, message: string): QuernError {
  return new QuernError('corrupt-file', `${source.name}: ${message}`);
}
