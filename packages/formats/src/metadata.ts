// What a model file says about itself, and getters that say clearly when it does not.
// A getter without a fallback throws QuernError 'corrupt-file' for a missing key; every getter throws it
// for a value of another kind, naming the key and what was found.

import { QuernError } from '@quern/spec';

/** Numeric arrays stay as stored; 64-bit ones hold bigints. */
export type NumericArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

/** 64-bit integers within 2^53 are numbers, beyond it bigints. */
export type MetadataValue =
  | number
  | bigint
  | boolean
  | string
  | NumericArray
  | readonly string[]
  | readonly boolean[]
  | readonly MetadataValue[];

export type Metadata = ReadonlyMap<string, MetadataValue>;

type Fallback<F> = [fallback?: F];

/** A finite number. */
export function getNumber(metadata: Metadata, key: string): number;
export function getNumber<F>(metadata: Metadata, key: string, fallback: F): number | F;
export function getNumber<F>(metadata: Metadata, key: string, ...fallback: Fallback<F>): number | F {
  return get(metadata, key, 'a finite number', asFinite, fallback);
}

/** An integer from 0 to 2^53 - 1: counts, sizes, token ids. */
export function getCount(metadata: Metadata, key: string): number;
export function getCount<F>(metadata: Metadata, key: string, fallback: F): number | F;
export function getCount<F>(metadata: Metadata, key: string, ...fallback: Fallback<F>): number | F {
  return get(metadata, key, 'a whole number of at least 0', asCount, fallback);
}

export function getBoolean(metadata: Metadata, key: string): boolean;
export function getBoolean<F>(metadata: Metadata, key: string, fallback: F): boolean | F;
export function getBoolean<F>(metadata: Metadata, key: string, ...fallback: Fallback<F>): boolean | F {
  return get(
    metadata,
    key,
    'true or false',
    (value) => (typeof value === 'boolean' ? value : undefined),
    fallback,
  );
}

export function getString(metadata: Metadata, key: string): string;
export function getString<F>(metadata: Metadata, key: string, fallback: F): string | F;
export function getString<F>(metadata: Metadata, key: string, ...fallback: Fallback<F>): string | F {
  return get(metadata, key, 'a string', (value) => (typeof value === 'string' ? value : undefined), fallback);
}

export function getStringArray(metadata: Metadata, key: string): readonly string[];
export function getStringArray<F>(metadata: Metadata, key: string, fallback: F): readonly string[] | F;
export function getStringArray<F>(
  metadata: Metadata,
  key: string,
  ...fallback: Fallback<F>
): readonly string[] | F {
  return get(metadata, key, 'an array of strings', (value) => arrayOf(value, 'string'), fallback);
}

export function getBooleanArray(metadata: Metadata, key: string): readonly boolean[];
export function getBooleanArray<F>(metadata: Metadata, key: string, fallback: F): readonly boolean[] | F;
export function getBooleanArray<F>(
  metadata: Metadata,
  key: string,
  ...fallback: Fallback<F>
): readonly boolean[] | F {
  return get(metadata, key, 'an array of booleans', (value) => arrayOf(value, 'boolean'), fallback);
}

/** Any numeric array; 64-bit integers must lie within 2^53. */
export function getNumberArray(metadata: Metadata, key: string): ArrayLike<number>;
export function getNumberArray<F>(metadata: Metadata, key: string, fallback: F): ArrayLike<number> | F;
export function getNumberArray<F>(
  metadata: Metadata,
  key: string,
  ...fallback: Fallback<F>
): ArrayLike<number> | F {
  return get(metadata, key, 'an array of numbers', asNumbers, fallback);
}

/** A value in a few words: 'string "abc"', 'array of 3 strings'. */
export function describeValue(value: MetadataValue): string {
  if (typeof value === 'string') return `string ${JSON.stringify(shorten(value))}`;
  if (typeof value !== 'object') return `${typeof value} ${value}`;
  if (ArrayBuffer.isView(value)) return `array of ${value.length} numbers`;
  if (value.length === 0) return 'an empty array';
  const first: MetadataValue = value[0]!;
  return `array of ${value.length} ${typeof first === 'object' ? 'array' : typeof first}s`;
}

function get<T, F>(
  metadata: Metadata,
  key: string,
  wanted: string,
  convert: (value: MetadataValue) => T | undefined,
  fallback: Fallback<F>,
): T | F {
  const value = metadata.get(key);
  if (value === undefined) {
    if (fallback.length > 0) return fallback[0] as F;
    throw new QuernError('corrupt-file', `metadata key '${key}' is missing; expected ${wanted}`);
  }
  const converted = convert(value);
  if (converted !== undefined) return converted;
  throw new QuernError(
    'corrupt-file',
    `metadata key '${key}' is ${describeValue(value)}; expected ${wanted}`,
  );
}

function asFinite(value: MetadataValue): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function asCount(value: MetadataValue): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function asNumbers(value: MetadataValue): ArrayLike<number> | undefined {
  if (value instanceof BigUint64Array || value instanceof BigInt64Array) {
    const numbers = Float64Array.from(value, Number);
    return numbers.every(Number.isSafeInteger) ? numbers : undefined;
  }
  if (ArrayBuffer.isView(value)) return value;
  return Array.isArray(value) && value.length === 0 ? [] : undefined;
}

/** The reader makes arrays of one type, so the first element speaks for all. */
function arrayOf<K extends 'string' | 'boolean'>(
  value: MetadataValue,
  kind: K,
): readonly (K extends 'string' ? string : boolean)[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const elements: readonly unknown[] = value;
  if (elements.length > 0 && typeof elements[0] !== kind) return undefined;
  return elements as readonly (K extends 'string' ? string : boolean)[];
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
