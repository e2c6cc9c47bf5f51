// A piece of work with a known answer, which any variant can be asked for.

import type { Place, Recorder, Tensor } from '@quern/gpu';
import type { Work } from '@quern/kernels';

export interface Trial {
  /** For people: 'q4_k matmul of 1 row, 2048 x 2048'. */
  readonly name: string;
  readonly work: Work;
  /** What of it a token of this model takes, in trials. */
  readonly perToken: number;
  /** Every word of it must be written. */
  readonly y: Tensor & { readonly place: Place };
  record(rec: Recorder): void;
  /** NMSE of what y has, against the twin: sum (a - b)^2 / sum b^2. */
  error(values: Float32Array): number;
  destroy(): void;
}

/** Sums up an NMSE. NaN anywhere gives NaN. */
export class Nmse {
  #error = 0;
  #power = 0;

  add(actual: number, expected: number): void {
    this.#error += (actual - expected) ** 2;
    this.#power += expected ** 2;
  }

  get value(): number {
    return this.#power === 0 ? this.#error : this.#error / this.#power;
  }
}
