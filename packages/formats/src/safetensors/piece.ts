// One stored tensor of those that a packed weight is made of, whatever its type: found by name, read whole.

import { dtypeByName, type TensorInfo } from '@quern/dtypes';
import { QuernError, type ByteSource } from '@quern/spec';
import type { UnsupportedTensor } from '../model-file.ts';

/** Bytes an element of the types that pieces have. */
const BYTES: Readonly<Record<string, number>> = { I32: 4, F32: 4, F16: 2, BF16: 2, F8_E4M3: 1 };

export interface Piece {
  readonly name: string;
  /** The format's own word: 'I32'. */
  readonly type: string;
  readonly shape: readonly number[];
  readonly file: number;
  readonly offset: number;
  readonly byteLength: number;
}

export interface StoredTensors {
  readonly tensors: Map<string, TensorInfo>;
  readonly unsupported: Map<string, UnsupportedTensor>;
}

/** The tensor of that name if it is of one of `types`. Throws 'corrupt-file' for another type. */
export function findPiece(
  { tensors, unsupported }: StoredTensors,
  name: string,
  types: readonly string[],
): Piece | undefined {
  const found = tensors.get(name) ?? unsupported.get(name);
  if (found === undefined) return undefined;
  const type = 'dtype' in found ? found.dtype.name.toUpperCase() : found.typeName;
  const { shape, file, offset } = found;
  if (!types.includes(type)) throw wrongPiece(name, `is of type ${type}; ${types.join(' or ')} is expected`);
  const byteLength = shape.reduce((product, n) => product * n, 1) * BYTES[type]!;
  return { name, type, shape, file, offset, byteLength };
}

/** The same, throwing 'corrupt-file' where there is none. */
export function getPiece(stored: StoredTensors, name: string, types: readonly string[]): Piece {
  const piece = findPiece(stored, name, types);
  if (piece) return piece;
  throw wrongPiece(name, 'is missing');
}

/** Bytes at an address of their own, so that they can be seen as words. */
export async function readPiece(
  { file, offset, byteLength }: Piece,
  sources: readonly ByteSource[],
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await sources[file]!.read(offset, byteLength, signal);
  const aligned = bytes.byteOffset % 4 === 0 && bytes.buffer instanceof ArrayBuffer;
  return aligned ? (bytes as Uint8Array<ArrayBuffer>) : Uint8Array.from(bytes);
}

/** A vector or matrix of floats. */
export async function readFloats(
  piece: Piece,
  sources: readonly ByteSource[],
  signal?: AbortSignal,
): Promise<Float32Array> {
  const bytes = await readPiece(piece, sources, signal);
  const dtype = dtypeByName(piece.type.toLowerCase())!;
  const values = new Float32Array(piece.byteLength / dtype.blockBytes);
  dtype.decode(bytes, values.length, values);
  return values;
}

export function wrongPiece(name: string, what: string): QuernError {
  return new QuernError('corrupt-file', `tensor '${name}' ${what}`);
}
