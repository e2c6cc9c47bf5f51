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
  /** Bytes of the small pieces, which are held whole. */
  readonly smallBytes: number;
  /**
   * Reads the small pieces. Of the others `most` bytes are held at once, and a strip: a tensor of no more is read
   * once, a larger one again for every `most` bytes. Throws 'corrupt-file' and what the sources throw.
   */
  assemble(sources: readonly ByteSource[], most: number, signal?: AbortSignal): Promise<AssembledTensor>;
}

export interface AssembledTensor {
  /**
   * Rows in blocks of the dtype; matrices that are stacked are counted through, a vector is one row. `firstRow` is a
   * multiple of 8, and `count` too but at the end. Meant to be asked in order.
   */
  rows(firstRow: number, count: number): Promise<Uint8Array>;
  /** Column i of the rows is column order[i] of the model's. */
  readonly order?: Uint32Array<ArrayBuffer>;
}
