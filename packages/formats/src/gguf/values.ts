// GGUF's metadata values: 12 scalar types and arrays of them
// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).

import type { MetadataValue, NumericArray } from '../metadata.ts';
import type { HeaderCursor } from './header-cursor.ts';
import { MAX_ARRAY_DEPTH, MAX_ARRAY_LENGTH, MAX_STRING_BYTES } from './limits.ts';

/** gguf_metadata_value_type. */
export const VALUE_TYPES = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
} as const;

type NumericArrayType = new (buffer: ArrayBuffer) => NumericArray;

const SCALARS: ReadonlyMap<number, (cursor: HeaderCursor) => MetadataValue> = new Map([
  [VALUE_TYPES.u8, (cursor: HeaderCursor): MetadataValue => cursor.u8()],
  [VALUE_TYPES.i8, (cursor) => cursor.i8()],
  [VALUE_TYPES.u16, (cursor) => cursor.u16()],
  [VALUE_TYPES.i16, (cursor) => cursor.i16()],
  [VALUE_TYPES.u32, (cursor) => cursor.u32()],
  [VALUE_TYPES.i32, (cursor) => cursor.i32()],
  [VALUE_TYPES.f32, (cursor) => cursor.f32()],
  [VALUE_TYPES.f64, (cursor) => cursor.f64()],
  [VALUE_TYPES.u64, (cursor) => numberIfSafe(cursor.u64())],
  [VALUE_TYPES.i64, (cursor) => numberIfSafe(cursor.i64())],
  [VALUE_TYPES.bool, readBoolean],
  [VALUE_TYPES.string, readString],
]);

/** Views on little-endian bytes as they are: every machine with WebGPU is little-endian. */
const NUMERIC_ARRAYS: ReadonlyMap<number, readonly [bytes: number, view: NumericArrayType]> = new Map<
  number,
  readonly [number, NumericArrayType]
>([
  [VALUE_TYPES.u8, [1, Uint8Array]],
  [VALUE_TYPES.i8, [1, Int8Array]],
  [VALUE_TYPES.u16, [2, Uint16Array]],
  [VALUE_TYPES.i16, [2, Int16Array]],
  [VALUE_TYPES.u32, [4, Uint32Array]],
  [VALUE_TYPES.i32, [4, Int32Array]],
  [VALUE_TYPES.f32, [4, Float32Array]],
  [VALUE_TYPES.u64, [8, BigUint64Array]],
  [VALUE_TYPES.i64, [8, BigInt64Array]],
  [VALUE_TYPES.f64, [8, Float64Array]],
]);

/** Reads the value of a type number. Throws 'corrupt-file' for unknown types and broken caps. */
export function readValue(cursor: HeaderCursor, type: number): MetadataValue {
  return type === VALUE_TYPES.array ? readArray(cursor, 1) : scalarReader(cursor, type)(cursor);
}

function readArray(cursor: HeaderCursor, depth: number): MetadataValue {
  if (depth > MAX_ARRAY_DEPTH) {
    throw cursor.corrupt(`arrays are nested more than ${MAX_ARRAY_DEPTH} deep`);
  }
  const type = cursor.u32();
  const length = cursor.count('the array length', MAX_ARRAY_LENGTH);
  const numeric = NUMERIC_ARRAYS.get(type);
  if (numeric !== undefined) {
    const [bytesEach, View] = numeric;
    cursor.expectRoom(length, bytesEach, 'array elements');
    return new View(cursor.bytes(length * bytesEach).buffer);
  }
  if (type === VALUE_TYPES.array) {
    cursor.expectRoom(length, 12, 'arrays');
    return readMany(length, () => readArray(cursor, depth + 1));
  }
  const read = scalarReader(cursor, type);
  cursor.expectRoom(length, type === VALUE_TYPES.string ? 8 : 1, 'array elements');
  return readMany(length, () => read(cursor));
}

/** Grows as it reads: memory follows the bytes that are there, not the length that was claimed. */
function readMany(length: number, read: () => MetadataValue): MetadataValue[] {
  const values: MetadataValue[] = [];
  for (let i = 0; i < length; i++) values.push(read());
  return values;
}

function scalarReader(cursor: HeaderCursor, type: number): (cursor: HeaderCursor) => MetadataValue {
  const reader = SCALARS.get(type);
  if (reader !== undefined) return reader;
  throw cursor.corrupt(`value type ${type} is unknown; GGUF has types 0 to ${VALUE_TYPES.f64}`);
}

function readBoolean(cursor: HeaderCursor): boolean {
  const byte = cursor.u8();
  if (byte > 1) throw cursor.corrupt(`a boolean holds ${byte}; expected 0 or 1`);
  return byte === 1;
}

function readString(cursor: HeaderCursor): string {
  return cursor.string('a string', MAX_STRING_BYTES);
}

function numberIfSafe(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
