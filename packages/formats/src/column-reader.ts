// Some columns of a matrix that lies row by row in a file, for tensors whose rows those columns are. A matrix that
// is small enough is read once and held; of a larger one as many columns as may be held, and the file is read again
// for the next ones.

import type { ByteSource } from '@quern/spec';

/** Bytes of whole rows that are read at once; at least one row. */
const READ_BYTES = 1 << 20;

export interface StoredMatrix {
  readonly file: number;
  readonly offset: number;
  readonly rows: number;
  readonly rowBytes: number;
}

/** Byte c of row r is `bytes[r * stride + c - first]`. */
export interface HeldColumns {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly stride: number;
  readonly first: number;
}

interface Held extends HeldColumns {
  readonly offset: number;
  readonly end: number;
}

export class ColumnReader {
  readonly #matrix: StoredMatrix;
  readonly #sources: readonly ByteSource[];
  readonly #most: number;
  readonly #signal: AbortSignal | undefined;
  #held: Held | undefined;

  /** Holds `most` bytes, or as many as are asked for at once. */
  constructor(matrix: StoredMatrix, sources: readonly ByteSource[], most: number, signal?: AbortSignal) {
    this.#matrix = matrix;
    this.#sources = sources;
    this.#most = most;
    this.#signal = signal;
  }

  /**
   * Bytes `from` (a multiple of 4) to `to` of each row, valid until the next call; of a matrix of the same shape at
   * another `offset` if one is given. Meant to be asked in order. Throws what the source throws.
   */
  async columns(from: number, to: number, offset = this.#matrix.offset): Promise<HeldColumns> {
    const held = this.#held;
    if (held && held.offset === offset && from >= held.first && to <= held.end) return held;
    const { rows, rowBytes } = this.#matrix;
    const width = to - from;
    const fitting = Math.max(1, Math.floor(this.#most / rows / width)) * width;
    const [first, end] =
      rows * rowBytes <= this.#most ? [0, rowBytes] : [from, Math.min(rowBytes, from + fitting)];
    const stride = end - first;
    const memory = held?.bytes.buffer.byteLength === rows * stride ? held.bytes : undefined;
    this.#held = undefined;
    const bytes = memory ?? new Uint8Array(rows * stride);
    await this.#read(bytes, offset, first, stride);
    this.#held = { bytes, stride, first, offset, end };
    return this.#held;
  }

  async #read(into: Uint8Array, offset: number, first: number, stride: number): Promise<void> {
    const { file, rows, rowBytes } = this.#matrix;
    const many = Math.max(1, Math.floor(READ_BYTES / rowBytes));
    for (let row = 0; row < rows; row += many) {
      const count = Math.min(many, rows - row);
      const at = offset + row * rowBytes;
      const bytes = await this.#sources[file]!.read(at, count * rowBytes, this.#signal);
      if (stride === rowBytes) {
        into.set(bytes, row * stride);
        continue;
      }
      for (let i = 0; i < count; i++) {
        const from = i * rowBytes + first;
        into.set(bytes.subarray(from, from + stride), (row + i) * stride);
      }
    }
  }
}
