// Experts that a checkpoint stores by inputs, [experts, cols, rows] (Llama 4, gpt-oss in BF16), turned into rows
// one expert at a time: what streams in is scattered over all rows, so an expert waits until it is whole.

import { assert } from '@quern/spec';

export class ExpertTransposer {
  readonly #rows: number;
  readonly #cols: number;
  readonly #bytes: number;
  #pending: Uint8Array | undefined;

  /** Of one expert's matrix: rows, their length, and bytes of an element, 2 or 4. */
  constructor(rows: number, cols: number, bytes: number) {
    this.#rows = rows;
    this.#cols = cols;
    this.#bytes = bytes;
  }

  /**
   * Takes `count` columns from column `first` on, counted through all experts and in their order; calls `emit` with
   * each expert that this makes whole.
   */
  add(
    first: number,
    count: number,
    bytes: Uint8Array,
    emit: (expert: number, rows: Uint8Array) => void,
  ): void {
    const length = this.#rows * this.#bytes;
    assert(bytes.byteLength === count * length, `${bytes.byteLength} bytes for ${count} columns`);
    for (let i = 0; i < count; i++) {
      const column = (first + i) % this.#cols;
      if (column === 0) this.#pending = new Uint8Array(this.#cols * length);
      assert(this.#pending !== undefined, `column ${column} of an expert before its first`);
      this.#put(column, bytes.subarray(i * length, (i + 1) * length));
      if (column < this.#cols - 1) continue;
      emit(Math.floor((first + i) / this.#cols), this.#pending);
      this.#pending = undefined;
    }
  }

  #put(column: number, values: Uint8Array): void {
    const stride = this.#cols * this.#bytes;
    for (let row = 0; row < this.#rows; row++) {
      const to = row * stride + column * this.#bytes;
      for (let b = 0; b < this.#bytes; b++) this.#pending![to + b] = values[row * this.#bytes + b]!;
    }
  }
}
