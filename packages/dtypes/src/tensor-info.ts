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
}
