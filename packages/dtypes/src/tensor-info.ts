import type { ByteSource } from '@quern/spec';
import type { DType } from './dtype.ts';

/** One tensor of a model file. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: DType;
  /** Outermost first, [rows, cols] for a matrix: the reverse of GGUF's `ne`. */
  readonly shape: readonly number[];
  /** Which file of a split model, and where in it, in bytes. */
  readonly file: number;
  readonly offset: number;
  readonly byteLength: number;
  /** Set where the file holds the tensor in pieces or by columns; `offset` is then that of the largest piece. */
  readonly packed?: PackedTensor;
}

/** Makes `dtype`'s blocks of a tensor that a file holds otherwise, a strip of rows at a time. */
export interface PackedTensor {
  /** The columns come in another order than the model has them: see `AssembledTensor.order`. */
  readonly ordered: boolean;
  /** Reads the pieces, which stay in memory as long as the result does. Throws 'corrupt-file'. */
  assemble(sources: readonly ByteSource[], signal?: AbortSignal): Promise<AssembledTensor>;
}

export interface AssembledTensor {
  /** Rows in blocks of the dtype. `firstRow` is a multiple of 8, and `count` too but at the end. */
  rows(firstRow: number, count: number): Uint8Array;
  /** Column i of the rows is column order[i] of the model's. */
  readonly order?: Uint32Array<ArrayBuffer>;
}
