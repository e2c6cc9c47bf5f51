// Which pages of the KV cache are in use, and by how many sequences.

import { assert } from '@quern/spec';

export class PagePool {
  readonly #references: Uint32Array;
  readonly #free: number[];

  constructor(pages: number) {
    this.#references = new Uint32Array(pages);
    this.#free = Array.from({ length: pages }, (_, i) => pages - 1 - i);
  }

  get free(): number {
    return this.#free.length;
  }

  /** A page with one reference, or undefined when none is free. */
  take(): number | undefined {
    const page = this.#free.pop();
    if (page !== undefined) this.#references[page] = 1;
    return page;
  }

  retain(page: number): void {
    assert(this.#references[page]! > 0, `page ${page} is free`);
    this.#references[page]! += 1;
  }

  release(page: number): void {
    assert(this.#references[page]! > 0, `page ${page} is free`);
    this.#references[page]! -= 1;
    if (this.#references[page] === 0) this.#free.push(page);
  }

  /** True if only one sequence holds it, so that it may be written. */
  owned(page: number): boolean {
    return this.#references[page] === 1;
  }
}
