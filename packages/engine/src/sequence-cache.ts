// Sequences and the pages that hold their keys and values. A sequence is its token ids; the cache remembers
// finished ones and hands their pages to a new prompt that begins alike.

import { PAGE_TOKENS } from '@quern/kernels';
import { QuernError } from '@quern/spec';
import { PagePool } from './page-pool.ts';

export interface Sequence {
  /** Tokens whose keys and values are in the pages. */
  ids: number[];
  readonly pages: number[];
}

export class SequenceCache {
  readonly #pool: PagePool;
  /** Finished sequences, least recently used first. */
  #idle: Sequence[] = [];

  constructor(pages: number) {
    this.#pool = new PagePool(pages);
  }

  get freePages(): number {
    return this.#pool.free;
  }

  /**
   * A sequence for this prompt. Its `ids` are the part of the prompt that is already computed, at most all
   * but the last token, whose logits are wanted.
   */
  open(prompt: readonly number[]): Sequence {
    let best: Sequence | undefined;
    let common = 0;
    for (const idle of this.#idle) {
      const length = commonPrefix(idle.ids, prompt);
      if (length > common) [best, common] = [idle, length];
    }
    common = Math.min(common, prompt.length - 1);
    if (!best || common <= 0) return { ids: [], pages: [] };
    if (common >= best.ids.length - PAGE_TOKENS) {
      // The prompt goes on where it stopped (a chat's next turn): take it over, drop what differs.
      this.#idle = this.#idle.filter((sequence) => sequence !== best);
      this.truncate(best, common);
      return best;
    }
    // They part early (another chat under the same system prompt): share the whole pages.
    const whole = Math.floor(common / PAGE_TOKENS);
    const pages = best.pages.slice(0, whole);
    for (const page of pages) this.#pool.retain(page);
    return { ids: best.ids.slice(0, whole * PAGE_TOKENS), pages };
  }

  /**
   * Pages for positions below `tokens`; finished sequences give theirs back, oldest first, where none is
   * free. Returns the index of the first new page. Throws 'context-overflow' when nothing is left.
   */
  reserve(sequence: Sequence, tokens: number): number {
    const first = sequence.pages.length;
    while (sequence.pages.length * PAGE_TOKENS < tokens) {
      const page = this.#pool.take();
      if (page !== undefined) {
        sequence.pages.push(page);
        continue;
      }
      const oldest = this.#idle.shift();
      if (!oldest) {
        throw new QuernError(
          'context-overflow',
          `The KV cache has no room for a sequence of ${tokens} tokens.`,
        );
      }
      this.free(oldest);
    }
    return first;
  }

  /** Forgets all tokens from `length` on. */
  truncate(sequence: Sequence, length: number): void {
    sequence.ids.length = Math.min(length, sequence.ids.length);
    const keep = Math.ceil(sequence.ids.length / PAGE_TOKENS);
    for (const page of sequence.pages.splice(keep)) this.#pool.release(page);
    // The last page will be written on; a shared one stays with the others, so its tokens are computed again.
    const last = sequence.pages.at(-1);
    if (last !== undefined && sequence.ids.length % PAGE_TOKENS !== 0 && !this.#pool.owned(last)) {
      this.#pool.release(last);
      sequence.pages.pop();
      sequence.ids.length = sequence.pages.length * PAGE_TOKENS;
    }
  }

  /** Remembers a finished sequence. `ids` are what its pages hold. */
  close(sequence: Sequence, ids: number[]): void {
    sequence.ids = ids;
    this.truncate(sequence, ids.length);
    if (sequence.pages.length > 0) this.#idle.push(sequence);
  }

  /** Forgets every finished sequence. */
  clear(): void {
    for (const sequence of this.#idle.splice(0)) this.free(sequence);
  }

  free(sequence: Sequence): void {
    for (const page of sequence.pages.splice(0)) this.#pool.release(page);
    sequence.ids = [];
  }
}

function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const end = Math.min(a.length, b.length);
  let length = 0;
  while (length < end && a[length] === b[length]) length++;
  return length;
}
