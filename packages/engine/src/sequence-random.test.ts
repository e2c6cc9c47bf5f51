// Random requests against a model of the cache: pages with contents.
import { PAGE_TOKENS, type Reach } from '@quern/kernels';
import { describe, expect, test } from 'vitest';
import { type CacheGroup, cacheGroups, firstSeen } from './cache-groups.ts';
import { type Sequence, SequenceCache } from './sequence-cache.ts';

/** Mulberry32: uniform in [0, 1). */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below);
  };
}

/** A text's prefixes as numbers, equal for equal prefixes. */
class Prefixes {
  readonly #next = new Map<number, Map<number, number>>();
  #count = 0;

  of(text: readonly number[]): number[] {
    let node = 0;
    return text.map((token) => {
      const next = this.#next.get(node) ?? new Map<number, number>();
      this.#next.set(node, next);
      if (!next.has(token)) next.set(token, ++this.#count);
      return (node = next.get(token)!);
    });
  }
}

/** Pages with contents: position i of a sequence holds its whole text up to i, as keys and values do. */
class Memory {
  readonly #groups: readonly CacheGroup[];
  readonly #contents: Uint32Array[];

  constructor(groups: readonly CacheGroup[]) {
    this.#groups = groups;
    this.#contents = groups.map(({ pages }) => new Uint32Array(pages * PAGE_TOKENS));
  }

  #slot({ held }: Sequence, g: number, i: number): number {
    const { first, pages } = held[g]!;
    const page = pages[Math.floor(i / PAGE_TOKENS) - first];
    if (page === undefined) expect.fail(`group ${g} holds no page for position ${i}`);
    return page * PAGE_TOKENS + (i % PAGE_TOKENS);
  }

  write(sequence: Sequence, prefixes: readonly number[], i: number): void {
    this.#groups.forEach((_, g) => {
      this.#contents[g]![this.#slot(sequence, g, i)] = prefixes[i]!;
    });
  }

  /** The row at `position` reads what it should in every group. */
  check(sequence: Sequence, prefixes: readonly number[], position: number): void {
    this.#groups.forEach(({ reach }, g) => {
      for (let i = firstSeen(reach, position); i < position; i++)
        if (this.#contents[g]![this.#slot(sequence, g, i)] !== prefixes[i])
          expect.fail(`group ${g}: position ${position} reads something else at ${i}`);
    });
  }
}

const LAYER = { kvHeads: 1, keyDim: 8, valueDim: 8 };
const KINDS: Record<string, ReadonlyArray<Reach | undefined>> = {
  'that see all': [undefined],
  'with a window': [{ kind: 'window', tokens: 50 }],
  'with a window, and that see all': [{ kind: 'window', tokens: 20 }, undefined],
  'of two windows': [
    { kind: 'window', tokens: 7 },
    { kind: 'window', tokens: 100 },
  ],
  'with chunks, and that see all': [{ kind: 'chunk', tokens: 40 }, undefined],
  'of all kinds': [{ kind: 'window', tokens: 33 }, { kind: 'chunk', tokens: 64 }, undefined],
};

const CASES = Object.keys(KINDS).flatMap((kind) =>
  [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => [kind, seed] as const),
);

describe.each(CASES)('layers %s, seed %i', (kind, seed) => {
  test('random requests never meet wrong keys and values, and no page is lost', () => {
    const below = seeded(seed * 7919);
    const context = (6 + below(20)) * PAGE_TOKENS;
    const rows = [8, 32, 64][below(3)]!;
    const reaches = KINDS[kind]!;
    const groups = cacheGroups(
      { cache: reaches.map(() => LAYER), reach: (i: number) => reaches[i] },
      context,
      rows,
    );
    const cache = new SequenceCache(groups);
    const free = cache.freePages;
    const memory = new Memory(groups);
    const known = new Prefixes();
    const texts: number[][] = [[1]];
    let reused = 0;
    for (let round = 0; round < 60; round++) {
      // A new text, another's next turn, its answer again, or an edit somewhere.
      const base = texts[below(texts.length)]!;
      const kept = base.slice(0, below(2) === 0 ? base.length : 1 + below(base.length));
      const text = [...kept, ...Array.from({ length: 1 + below(70) }, () => below(2))].slice(0, context);
      const prefixes = known.of(text);
      const promptLength = 1 + below(text.length);
      const sequence = cache.open(text.slice(0, promptLength));
      expect(sequence.ids).toEqual(text.slice(0, sequence.ids.length));
      expect(sequence.ids.length).toBeLessThan(promptLength);
      if (sequence.ids.length > 0) reused++;
      // Chunks of the prompt, then tokens one by one; some requests end early.
      const last = below(4) === 0 ? below(text.length + 1) : text.length;
      let at = sequence.ids.length;
      while (at < last) {
        const end = at < promptLength ? Math.min(promptLength, at + rows) : at + 1;
        cache.reserve(sequence, at, end);
        for (let i = at; i < end; i++) memory.write(sequence, prefixes, i);
        // All rows of a chunk see the pages as they are once it is written.
        for (let i = at; i < end; i++) memory.check(sequence, prefixes, i);
        if (end <= promptLength) sequence.ids.push(...text.slice(at, end));
        at = end;
      }
      const what = below(8);
      if (what === 0) cache.free(sequence);
      else {
        const stop = at > promptLength ? Math.max(promptLength, at - below(3)) : sequence.ids.length;
        cache.close(sequence, text.slice(0, stop));
        texts.push(text);
      }
      if (what === 1 && below(4) === 0) cache.clear();
    }
    expect(reused, 'prefixes were found').toBeGreaterThan(5);
    cache.clear();
    expect(cache.freePages, 'no page is lost').toEqual(free);
    const all = cache.start();
    for (let at = 0; at < context; at += rows) cache.reserve(all, at, Math.min(context, at + rows));
    all.held.forEach(({ pages }) => expect(new Set(pages).size, 'no page twice').toBe(pages.length));
  });
});

describe.each([1, 2, 3, 4, 5, 6])('two requests at once, seed %i', (seed) => {
  test('never meet in a page that one of them writes', () => {
    const below = seeded(seed * 104729);
    const groups: CacheGroup[] = [
      { reach: undefined, layers: [0], pages: 30 },
      { reach: { kind: 'window', tokens: 40 }, layers: [1], pages: 20 },
    ];
    const cache = new SequenceCache(groups);
    const free = cache.freePages;
    const memory = new Memory(groups);
    const known = new Prefixes();
    const texts: number[][] = [[1]];
    const live: Array<{ sequence: Sequence; text: number[]; prefixes: number[] }> = [];
    let finished = 0;
    for (let round = 0; round < 200; round++) {
      if (live.length < 2 && below(3) > 0) {
        const base = texts[below(texts.length)]!;
        const kept = base.slice(0, 1 + below(base.length));
        const text = [...kept, ...Array.from({ length: 1 + below(60) }, () => below(2))].slice(0, 480);
        live.push({ sequence: cache.open(text), text, prefixes: known.of(text) });
        continue;
      }
      const request = live[below(live.length)];
      if (!request) continue;
      const { sequence, text, prefixes } = request;
      const at = sequence.ids.length;
      const until = Math.min(text.length, at + 1 + below(32));
      try {
        cache.reserve(sequence, at, until);
      } catch {
        cache.free(sequence);
        live.splice(live.indexOf(request), 1);
        continue;
      }
      for (let i = at; i < until; i++) memory.write(sequence, prefixes, i);
      sequence.ids.push(...text.slice(at, until));
      for (const one of live) memory.check(one.sequence, one.prefixes, one.sequence.ids.length);
      if (until === text.length || below(6) === 0) {
        live.splice(live.indexOf(request), 1);
        texts.push(text);
        cache.close(sequence, text.slice(0, until - below(3)));
        finished++;
      }
    }
    expect(finished).toBeGreaterThan(20);
    for (const { sequence } of live) cache.free(sequence);
    cache.clear();
    expect(cache.freePages).toEqual(free);
  });
});
