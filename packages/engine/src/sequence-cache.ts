// Sequences and the pages that hold their keys and values, group by group. A sequence is its token ids; the cache
// remembers finished ones and hands their pages to a new prompt that begins alike.

import { PAGE_TOKENS } from '@quern/kernels';
import { QuernError } from '@quern/spec';
import { type CacheGroup, firstSeen, REWIND } from './cache-groups.ts';
import { PagePool } from './page-pool.ts';

/** Pages `first`, `first` + 1, ... of a sequence; those before were handed back as the window moved on. */
export interface HeldPages {
  first: number;
  readonly pages: number[];
}

export interface Sequence {
  /** Tokens whose keys and values were computed; a group may hold those of the last ones only. */
  ids: number[];
  /** What else they depend on: the adapters that were added, and how much of them. */
  readonly adapters: string;
  /** For each group of the cache. */
  readonly held: readonly HeldPages[];
}

export class SequenceCache {
  readonly #groups: ReadonlyArray<Pick<CacheGroup, 'reach'> & { readonly pool: PagePool }>;
  /** Finished sequences, least recently used first. */
  #idle: Sequence[] = [];

  constructor(groups: ReadonlyArray<Pick<CacheGroup, 'reach' | 'pages'>>) {
    this.#groups = groups.map(({ reach, pages }) => ({ reach, pool: new PagePool(pages) }));
  }

  /** Of each group. */
  get freePages(): number[] {
    return this.#groups.map(({ pool }) => pool.free);
  }

  /** A sequence of no tokens, which takes nothing from others. */
  start(adapters = ''): Sequence {
    return { ids: [], adapters, held: this.#groups.map(() => ({ first: 0, pages: [] })) };
  }

  /**
   * A sequence for this prompt. Its `ids` are the part of the prompt that is already computed, at most all
   * but the last token, whose logits are wanted. Only what was computed with the same adapters is.
   */
  open(prompt: readonly number[], adapters = ''): Sequence {
    let best: Sequence | undefined;
    let from = 0;
    for (const idle of this.#idle.filter((sequence) => sequence.adapters === adapters)) {
      const length = this.#resumable(idle, Math.min(commonPrefix(idle.ids, prompt), prompt.length - 1));
      if (length > from) [best, from] = [idle, length];
    }
    if (!best) return this.start(adapters);
    if (from >= best.ids.length - PAGE_TOKENS) {
      // The prompt goes on where it stopped (a chat's next turn): take it over, drop what differs.
      this.#idle = this.#idle.filter((sequence) => sequence !== best);
      this.truncate(best, from);
      return best;
    }
    return this.#share(best, from);
  }

  /** They part early (another chat under the same system prompt): the whole pages up to there belong to both. */
  #share(other: Sequence, length: number): Sequence {
    let from = length;
    do from = this.#resumable(other, from - (from % PAGE_TOKENS));
    while (from % PAGE_TOKENS !== 0);
    const whole = from / PAGE_TOKENS;
    const held = other.held.map(({ first, pages }, g) => {
      const shared = pages.slice(0, Math.max(0, whole - first));
      for (const page of shared) this.#groups[g]!.pool.retain(page);
      return { first: Math.min(first, whole), pages: shared };
    });
    return { ids: other.ids.slice(0, from), adapters: other.adapters, held };
  }

  /**
   * Makes ready to compute the tokens from `start` (the first that is not computed) to `end`: pages that no row
   * from there on reaches are handed back, those for the new tokens are taken; finished sequences give up theirs,
   * oldest first, where none is free. Returns for each group the index of its first new page. Throws
   * 'context-overflow' when nothing is left.
   */
  reserve(sequence: Sequence, start: number, end: number): number[] {
    return this.#groups.map(({ reach, pool }, g) => {
      const held = sequence.held[g]!;
      const keep = Math.floor(firstSeen(reach, Math.max(0, start - REWIND)) / PAGE_TOKENS);
      for (; held.first < keep && held.pages.length > 0; held.first++) pool.release(held.pages.shift()!);
      const firstNew = held.first + held.pages.length;
      while ((held.first + held.pages.length) * PAGE_TOKENS < end) held.pages.push(this.#take(pool, end));
      return firstNew;
    });
  }

  #take(pool: PagePool, tokens: number): number {
    for (;;) {
      const page = pool.take();
      if (page !== undefined) return page;
      const oldest = this.#idle.shift();
      if (!oldest) {
        throw new QuernError(
          'context-overflow',
          `The KV cache has no room for a sequence of ${tokens} tokens.`,
        );
      }
      this.free(oldest);
    }
  }

  /**
   * Forgets all tokens from `length` on, and as many before it as it takes to go on from there: none, unless a
   * window has left what it would need or others read the page that is written next.
   */
  truncate(sequence: Sequence, length: number): void {
    let at = Math.min(length, sequence.ids.length);
    for (;;) {
      at = this.#resumable(sequence, at);
      if (at % PAGE_TOKENS === 0 || !this.#isShared(sequence, Math.floor(at / PAGE_TOKENS))) break;
      at -= at % PAGE_TOKENS;
    }
    sequence.ids.length = at;
    sequence.held.forEach((held, g) => {
      const keep = Math.max(0, Math.ceil(at / PAGE_TOKENS) - held.first);
      for (const page of held.pages.splice(keep)) this.#groups[g]!.pool.release(page);
      if (held.pages.length === 0) held.first = Math.floor(at / PAGE_TOKENS);
    });
  }

  /** The most of the first `length` tokens after which every group still holds what the next one reads. */
  #resumable(sequence: Sequence, length: number): number {
    let at = length;
    const lacks = ({ reach }: Pick<CacheGroup, 'reach'>, g: number) => {
      const needed = firstSeen(reach, at);
      return needed < at && sequence.held[g]!.first * PAGE_TOKENS > needed;
    };
    for (;;) {
      const group = this.#groups.find(lacks);
      if (!group) return at;
      // A chunk's first token needs nothing before it. A window that has moved on has left all earlier points.
      at = group.reach?.kind === 'chunk' ? firstSeen(group.reach, at) : 0;
    }
  }

  /** Whether page `index` of the sequence is another's too, in some group. */
  #isShared(sequence: Sequence, index: number): boolean {
    return sequence.held.some(({ first, pages }, g) => {
      const page = pages[index - first];
      return page !== undefined && !this.#groups[g]!.pool.owned(page);
    });
  }

  /** Remembers a finished sequence. `ids` are what was computed. */
  close(sequence: Sequence, ids: number[]): void {
    sequence.ids = ids;
    this.truncate(sequence, ids.length);
    if (sequence.ids.length > 0) this.#idle.push(sequence);
  }

  /** Forgets every finished sequence. */
  clear(): void {
    for (const sequence of this.#idle.splice(0)) this.free(sequence);
  }

  free(sequence: Sequence): void {
    this.truncate(sequence, 0);
  }
}

function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const end = Math.min(a.length, b.length);
  let length = 0;
  while (length < end && a[length] === b[length]) length++;
  return length;
}
