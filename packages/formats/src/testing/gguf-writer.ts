// Writes small GGUF files, sound by default and broken on request (`offset`, repeated keys, any type
// number): tests that need worse patch the bytes, whose first 24 are magic, version, tensor count, pair count.

import { dtypeById, dtypeByName } from '@quern/dtypes';
import { assert } from '@quern/spec';
import { VALUE_TYPES } from '../gguf/values.ts';

export type GgufScalarType = Exclude<keyof typeof VALUE_TYPES, 'array'>;
export type GgufScalar = number | bigint | boolean | string;
export type GgufValue =
  | readonly [type: GgufScalarType, value: GgufScalar]
  | readonly [type: 'array', elementType: GgufScalarType, values: readonly GgufScalar[]]
  | readonly [type: 'array', elementType: 'array', values: readonly GgufValue[]];

export interface GgufTensor {
  readonly name: string;
  /** A name Quern knows ('f32'), or any type number. */
  readonly type: string | number;
  /** Outermost first. */
  readonly shape: readonly number[];
  /** Default: zeros, as many as type and shape need (none for a type that Quern does not know). */
  readonly bytes?: Uint8Array;
  /** From the start of the data. Default: after the tensor before, aligned. */
  readonly offset?: number;
}

export interface GgufContents {
  /** Default 3. */
  readonly version?: number;
  /** A list may hold a key twice. */
  readonly metadata?: Readonly<Record<string, GgufValue>> | ReadonlyArray<readonly [string, GgufValue]>;
  readonly tensors?: readonly GgufTensor[];
  /** Default 32; another number also writes general.alignment. */
  readonly alignment?: number;
}

/** The bytes of a GGUF file. `general.architecture` is 'llama' unless the metadata has it. */
export function writeGguf(contents: GgufContents): Uint8Array<ArrayBuffer> {
  const { version = 3, metadata = {}, tensors = [], alignment = 32 } = contents;
  const pairs: Array<readonly [string, GgufValue]> = Array.isArray(metadata)
    ? [...metadata]
    : Object.entries(metadata);
  if (!pairs.some(([key]) => key === 'general.architecture')) {
    pairs.unshift(['general.architecture', ['string', 'llama']]);
  }
  if (alignment !== 32) pairs.push(['general.alignment', ['u32', alignment]]);

  const out = new ByteWriter();
  out.bytes(new TextEncoder().encode('GGUF'));
  out.scalar('u32', version);
  out.scalar('u64', BigInt(tensors.length));
  out.scalar('u64', BigInt(pairs.length));
  for (const [key, value] of pairs) {
    out.scalar('string', key);
    out.scalar('u32', VALUE_TYPES[value[0]]);
    writeValue(out, value);
  }
  const data = new ByteWriter();
  for (const tensor of tensors) {
    data.pad(alignment);
    out.scalar('string', tensor.name);
    out.scalar('u32', tensor.shape.length);
    for (const size of tensor.shape.toReversed()) out.scalar('u64', BigInt(size));
    out.scalar('u32', typeNumber(tensor.type));
    out.scalar('u64', BigInt(tensor.offset ?? data.length));
    data.bytes(tensor.bytes ?? zeros(tensor));
  }
  out.pad(alignment);
  out.bytes(data.finish());
  return out.finish();
}

function writeValue(out: ByteWriter, value: GgufValue): void {
  if (value[0] !== 'array') return out.scalar(value[0], value[1]);
  out.scalar('u32', VALUE_TYPES[value[1]]);
  out.scalar('u64', BigInt(value[2].length));
  if (value[1] === 'array') for (const element of value[2]) writeValue(out, element);
  else for (const element of value[2]) out.scalar(value[1], element);
}

function typeNumber(type: string | number): number {
  if (typeof type === 'number') return type;
  const dtype = dtypeByName(type);
  assert(dtype, `no type is called '${type}'`);
  return dtype.id;
}

function zeros(tensor: GgufTensor): Uint8Array {
  const dtype = dtypeById(typeNumber(tensor.type));
  if (dtype === undefined) return new Uint8Array(0);
  const elements = tensor.shape.reduce((product, size) => product * size, 1);
  return new Uint8Array(Math.ceil(elements / dtype.blockSize) * dtype.blockBytes);
}

class ByteWriter {
  length = 0;
  #bytes = new Uint8Array(1024);

  bytes(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }

  pad(alignment: number): void {
    const rest = this.length % alignment;
    if (rest > 0) this.#grow(alignment - rest);
  }

  scalar(type: GgufScalarType, value: GgufScalar): void {
    if (type === 'string') {
      const utf8 = new TextEncoder().encode(String(value));
      this.scalar('u64', BigInt(utf8.length));
      this.bytes(utf8);
      return;
    }
    const [size, write] = WRITERS[type];
    const at = this.#grow(size);
    write(new DataView(this.#bytes.buffer), at, value);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.length);
  }

  #grow(by: number): number {
    const at = this.length;
    this.length += by;
    if (this.length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return at;
  }
}

type ScalarWriter = readonly [size: number, write: (view: DataView, at: number, value: GgufScalar) => void];

const WRITERS: Record<Exclude<GgufScalarType, 'string'>, ScalarWriter> = {
  u8: [1, (view, at, value) => view.setUint8(at, Number(value))],
  i8: [1, (view, at, value) => view.setInt8(at, Number(value))],
  bool: [1, (view, at, value) => view.setUint8(at, Number(value))],
  u16: [2, (view, at, value) => view.setUint16(at, Number(value), true)],
  i16: [2, (view, at, value) => view.setInt16(at, Number(value), true)],
  u32: [4, (view, at, value) => view.setUint32(at, Number(value), true)],
  i32: [4, (view, at, value) => view.setInt32(at, Number(value), true)],
  f32: [4, (view, at, value) => view.setFloat32(at, Number(value), true)],
  f64: [8, (view, at, value) => view.setFloat64(at, Number(value), true)],
  u64: [8, (view, at, value) => view.setBigUint64(at, BigInt(value), true)],
  i64: [8, (view, at, value) => view.setBigInt64(at, BigInt(value), true)],
};
