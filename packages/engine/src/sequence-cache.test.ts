import { PAGE_TOKENS } from '@quern/kernels';
import { describe, expect, test } from 'vitest';
import { type Sequence, SequenceCache } from './sequence-cache.ts';

const ids = (length: number, salt = 0) => Array.from({ length }, (_, i) => i * 7 + salt);

/** Computes `prompt` as a request does, and leaves it in the cache. */
function finished(cache: SequenceCache, prompt: readonly number[]): readonly number[] {
  const sequence = cache.open(prompt);
  cache.reserve(sequence, prompt.length);
  const pages = [...sequence.pages];
  cache.close(sequence, [...prompt]);
  return pages;
}

function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a prompt that begins like a finished sequence', () => {
  test('goes on in its pages', () => {
    const cache = new SequenceCache(8);
    const pages = finished(cache, ids(40));
    const next = cache.open([...ids(40), 1000, 1001]);
    expect(next.ids).toEqual(ids(40));
    expect(next.pages).toEqual(pages);
    expect(cache.freePages).toBe(6);
  });

  test('computes its last token again, whose logits are wanted', () => {
    const cache = new SequenceCache(8);
    finished(cache, ids(40));
    expect(cache.open(ids(40)).ids).toHaveLength(39);
  });

  test.each([1, 31, 32, 33, 64])('of one token more than %i', (length) => {
    const cache = new SequenceCache(8);
    finished(cache, ids(length));
    const next = cache.open([...ids(length), 5]);
    expect(next.ids).toEqual(ids(length));
    expect(next.pages).toHaveLength(Math.ceil(length / PAGE_TOKENS));
  });

  test('takes over one that differs late, without the pages of what differs', () => {
    const cache = new SequenceCache(8);
    finished(cache, ids(70));
    const next = cache.open([...ids(50), 9999, 9998]);
    expect(next.ids).toEqual(ids(50));
    expect(next.pages).toHaveLength(2);
    expect(cache.freePages).toBe(6);
    cache.free(next);
    expect(cache.freePages).toBe(8);
  });

  test('shares whole pages with one that goes on for long, which stays', () => {
    const cache = new SequenceCache(16);
    const pages = finished(cache, ids(200));
    const other = cache.open([...ids(70), 9999]);
    expect(other.ids).toEqual(ids(64));
    expect(other.pages).toEqual(pages.slice(0, 2));
    cache.reserve(other, 71);
    expect(other.pages).toHaveLength(3);
    expect(pages).not.toContain(other.pages[2]);
    // The long one is still there whole.
    expect(cache.open([...ids(200), 1]).ids).toHaveLength(200);
  });

  test('shares nothing below a page', () => {
    const cache = new SequenceCache(16);
    finished(cache, ids(200));
    const other = cache.open([...ids(31), 9999]);
    expect(other).toEqual({ ids: [], pages: [] });
  });

  test('takes the longest of several', () => {
    const cache = new SequenceCache(16);
    finished(cache, ids(150));
    finished(cache, [...ids(100), 7000, 7001]);
    expect(cache.open([...ids(100), 7000, 1]).ids).toEqual([...ids(100), 7000]);
    expect(cache.open([...ids(150), 1]).ids).toEqual(ids(150));
  });

  test('of nothing in common starts afresh', () => {
    const cache = new SequenceCache(8);
    finished(cache, ids(40));
    expect(cache.open(ids(40, 1))).toEqual({ ids: [], pages: [] });
  });
});

describe('truncation', () => {
  test('gives back the pages beyond', () => {
    const cache = new SequenceCache(8);
    const sequence: Sequence = { ids: [], pages: [] };
    cache.reserve(sequence, 100);
    sequence.ids = ids(100);
    cache.truncate(sequence, 64);
    expect([sequence.ids.length, sequence.pages.length, cache.freePages]).toEqual([64, 2, 6]);
    cache.truncate(sequence, 0);
    expect([sequence.ids.length, sequence.pages.length, cache.freePages]).toEqual([0, 0, 8]);
  });

  test('inside a shared page leaves it to the others', () => {
    const cache = new SequenceCache(16);
    finished(cache, ids(200));
    const other = cache.open([...ids(70), 9999]);
    expect(other.pages).toHaveLength(2);
    cache.truncate(other, 40);
    // Writing token 40 into the second page would change the long sequence's keys.
    expect([other.ids.length, other.pages.length]).toEqual([32, 1]);
    expect(cache.open([...ids(200), 1]).ids).toHaveLength(200);
  });

  test('at the edge of a shared page keeps it', () => {
    const cache = new SequenceCache(16);
    finished(cache, ids(200));
    const other = cache.open([...ids(70), 9999]);
    cache.truncate(other, 32);
    expect([other.ids.length, other.pages.length]).toEqual([32, 1]);
  });
});

describe('room', () => {
  test('comes from the sequence that was used least recently', () => {
    const cache = new SequenceCache(6);
    finished(cache, ids(64, 1));
    finished(cache, ids(64, 2));
    finished(cache, ids(64, 3));
    finished(cache, [...ids(64, 1), 5].slice(0, 64)); // used again: now the newest
    const sequence = cache.open(ids(64, 4));
    cache.reserve(sequence, 64);
    expect(cache.open([...ids(64, 2), 5]).ids).toEqual([]);
    expect(cache.open([...ids(64, 1), 5]).ids).toHaveLength(64);
    expect(cache.open([...ids(64, 3), 5]).ids).toHaveLength(64);
  });

  test('is never taken from running sequences', () => {
    const cache = new SequenceCache(4);
    const running = cache.open(ids(96));
    cache.reserve(running, 96);
    const other = cache.open(ids(64, 1));
    expect(thrown(() => cache.reserve(other, 64))).toMatchObject({ code: 'context-overflow' });
    expect(running.pages).toHaveLength(3);
    cache.free(other);
    cache.free(running);
    expect(cache.freePages).toBe(4);
  });

  test('names the first new page', () => {
    const cache = new SequenceCache(8);
    const sequence: Sequence = { ids: [], pages: [] };
    expect(cache.reserve(sequence, 33)).toBe(0);
    expect(cache.reserve(sequence, 64)).toBe(2);
    expect(cache.reserve(sequence, 65)).toBe(2);
    expect(sequence.pages).toHaveLength(3);
  });
});

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

/**
 * Pages with contents: position i of a sequence holds the whole text up to i, as keys and values do. A page that
 * is written while another sequence needs it, or handed out twice, shows as a wrong content.
 */
describe.each([1, 2, 3, 4, 5, 6, 7, 8])('random requests, seed %i', (seed) => {
  test('never meet wrong keys and values, and no page is lost', () => {
    const below = seeded(seed * 7919);
    const pages = 6 + below(20);
    const cache = new SequenceCache(pages);
    const contents = Array.from({ length: pages * PAGE_TOKENS }, () => '');
    const live: Array<{ sequence: Sequence; text: number[] }> = [];
    const texts: number[][] = [[1]];
    const slot = (sequence: Sequence, i: number) =>
      sequence.pages[Math.floor(i / PAGE_TOKENS)]! * PAGE_TOKENS + (i % PAGE_TOKENS);
    const prefixes = new Map<string, string>();
    const prefix = (text: readonly number[], i: number) => {
      const key = text.slice(0, i + 1).join();
      if (!prefixes.has(key)) prefixes.set(key, `#${prefixes.size}`);
      return prefixes.get(key)!;
    };
    const holds = (sequence: Sequence) =>
      sequence.ids.forEach((_, i) => expect(contents[slot(sequence, i)]).toBe(prefix(sequence.ids, i)));
    let hits = 0;
    let overflows = 0;
    for (let round = 0; round < 150; round++) {
      if (live.length < 2 && below(3) > 0) {
        const base = texts[below(texts.length)]!;
        const kept = base.slice(0, 1 + below(base.length));
        const text = [...kept, ...Array.from({ length: 1 + below(50) }, () => below(2))].slice(0, pages * 16);
        const sequence = cache.open(text);
        expect(sequence.ids).toEqual(text.slice(0, sequence.ids.length));
        expect(sequence.ids.length).toBeLessThan(text.length);
        holds(sequence);
        if (sequence.ids.length > 0) hits++;
        live.push({ sequence, text });
        continue;
      }
      const at = below(live.length);
      const request = live[at];
      if (!request) continue;
      const { sequence, text } = request;
      const until = Math.min(text.length, sequence.ids.length + 1 + below(40));
      if (thrown(() => cache.reserve(sequence, until)) !== undefined) {
        overflows++;
        cache.free(sequence);
        live.splice(at, 1);
        continue;
      }
      for (let i = sequence.ids.length; i < until; i++) {
        sequence.ids.push(text[i]!);
        contents[slot(sequence, i)] = prefix(text, i);
      }
      for (const other of live) holds(other.sequence);
      const what = below(4);
      if (what === 0) {
        live.splice(at, 1);
        cache.free(sequence);
      } else if (what === 1 || until === text.length) {
        live.splice(at, 1);
        texts.push(text);
        const done = text.slice(0, Math.max(0, until - below(3)));
        cache.close(sequence, done);
      }
    }
    expect(hits).toBeGreaterThan(10);
    const used = new Set(live.flatMap(({ sequence }) => sequence.pages));
    for (const { sequence } of live) cache.free(sequence);
    const all: Sequence = { ids: [], pages: [] };
    cache.reserve(all, pages * PAGE_TOKENS);
    expect(new Set(all.pages).size, 'every page is handed out, once').toBe(pages);
    expect(used.size).toBeLessThanOrEqual(pages);
    expect(overflows).toBeLessThan(150);
    cache.free(all);
    expect(cache.freePages).toBe(pages);
  });
});
