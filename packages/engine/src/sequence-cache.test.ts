import { PAGE_TOKENS } from '@quern/kernels';
import { describe, expect, test } from 'vitest';
import { SequenceCache } from './sequence-cache.ts';

const ids = (length: number, salt = 0) => Array.from({ length }, (_, i) => i * 7 + salt);

/** A cache of one group, whose layers see all. */
const cacheOf = (pages: number) => new SequenceCache([{ reach: undefined, pages }]);

/** Computes `prompt` as a request does, and leaves it in the cache. */
function finished(cache: SequenceCache, prompt: readonly number[]): readonly number[] {
  const sequence = cache.open(prompt);
  cache.reserve(sequence, sequence.ids.length, prompt.length);
  const pages = [...sequence.held[0]!.pages];
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
    const cache = cacheOf(8);
    const pages = finished(cache, ids(40));
    const next = cache.open([...ids(40), 1000, 1001]);
    expect(next.ids).toEqual(ids(40));
    expect(next.held[0]!.pages).toEqual(pages);
    expect(cache.freePages).toEqual([6]);
  });

  test('computes its last token again, whose logits are wanted', () => {
    const cache = cacheOf(8);
    finished(cache, ids(40));
    expect(cache.open(ids(40)).ids).toHaveLength(39);
  });

  test.each([1, 31, 32, 33, 64])('of one token more than %i', (length) => {
    const cache = cacheOf(8);
    finished(cache, ids(length));
    const next = cache.open([...ids(length), 5]);
    expect(next.ids).toEqual(ids(length));
    expect(next.held[0]!.pages).toHaveLength(Math.ceil(length / PAGE_TOKENS));
  });

  test('takes over one that differs late, without the pages of what differs', () => {
    const cache = cacheOf(8);
    finished(cache, ids(70));
    const next = cache.open([...ids(50), 9999, 9998]);
    expect(next.ids).toEqual(ids(50));
    expect(next.held[0]!.pages).toHaveLength(2);
    expect(cache.freePages).toEqual([6]);
    cache.free(next);
    expect(cache.freePages).toEqual([8]);
  });

  test('shares whole pages with one that goes on for long, which stays', () => {
    const cache = cacheOf(16);
    const pages = finished(cache, ids(200));
    const other = cache.open([...ids(70), 9999]);
    expect(other.ids).toEqual(ids(64));
    expect(other.held[0]!.pages).toEqual(pages.slice(0, 2));
    cache.reserve(other, other.ids.length, 71);
    expect(other.held[0]!.pages).toHaveLength(3);
    expect(pages).not.toContain(other.held[0]!.pages[2]);
    // The long one is still there whole.
    expect(cache.open([...ids(200), 1]).ids).toHaveLength(200);
  });

  test('shares nothing below a page', () => {
    const cache = cacheOf(16);
    finished(cache, ids(200));
    const other = cache.open([...ids(31), 9999]);
    expect(other).toEqual(cache.start());
  });

  test('takes the longest of several', () => {
    const cache = cacheOf(16);
    finished(cache, ids(150));
    finished(cache, [...ids(100), 7000, 7001]);
    expect(cache.open([...ids(100), 7000, 1]).ids).toEqual([...ids(100), 7000]);
    expect(cache.open([...ids(150), 1]).ids).toEqual(ids(150));
  });

  test('of nothing in common starts afresh', () => {
    const cache = cacheOf(8);
    finished(cache, ids(40));
    expect(cache.open(ids(40, 1))).toEqual(cache.start());
  });
});

describe('truncation', () => {
  test('gives back the pages beyond', () => {
    const cache = cacheOf(8);
    const sequence = cache.start();
    cache.reserve(sequence, sequence.ids.length, 100);
    sequence.ids = ids(100);
    cache.truncate(sequence, 64);
    expect([sequence.ids.length, sequence.held[0]!.pages.length, ...cache.freePages]).toEqual([64, 2, 6]);
    cache.truncate(sequence, 0);
    expect([sequence.ids.length, sequence.held[0]!.pages.length, ...cache.freePages]).toEqual([0, 0, 8]);
  });

  test('inside a shared page leaves it to the others', () => {
    const cache = cacheOf(16);
    finished(cache, ids(200));
    const other = cache.open([...ids(70), 9999]);
    expect(other.held[0]!.pages).toHaveLength(2);
    cache.truncate(other, 40);
    // Writing token 40 into the second page would change the long sequence's keys.
    expect([other.ids.length, other.held[0]!.pages.length]).toEqual([32, 1]);
    expect(cache.open([...ids(200), 1]).ids).toHaveLength(200);
  });

  test('at the edge of a shared page keeps it', () => {
    const cache = cacheOf(16);
    finished(cache, ids(200));
    const other = cache.open([...ids(70), 9999]);
    cache.truncate(other, 32);
    expect([other.ids.length, other.held[0]!.pages.length]).toEqual([32, 1]);
  });
});

describe('room', () => {
  test('comes from the sequence that was used least recently', () => {
    const cache = cacheOf(6);
    finished(cache, ids(64, 1));
    finished(cache, ids(64, 2));
    finished(cache, ids(64, 3));
    finished(cache, [...ids(64, 1), 5].slice(0, 64)); // used again: now the newest
    const sequence = cache.open(ids(64, 4));
    cache.reserve(sequence, sequence.ids.length, 64);
    expect(cache.open([...ids(64, 2), 5]).ids).toEqual([]);
    expect(cache.open([...ids(64, 1), 5]).ids).toHaveLength(64);
    expect(cache.open([...ids(64, 3), 5]).ids).toHaveLength(64);
  });

  test('is never taken from running sequences', () => {
    const cache = cacheOf(4);
    const running = cache.open(ids(96));
    cache.reserve(running, running.ids.length, 96);
    const other = cache.open(ids(64, 1));
    expect(thrown(() => cache.reserve(other, other.ids.length, 64))).toMatchObject({
      code: 'context-overflow',
    });
    expect(running.held[0]!.pages).toHaveLength(3);
    cache.free(other);
    cache.free(running);
    expect(cache.freePages).toEqual([4]);
  });

  test('names the first new page', () => {
    const cache = cacheOf(8);
    const sequence = cache.start();
    expect(cache.reserve(sequence, sequence.ids.length, 33)).toEqual([0]);
    expect(cache.reserve(sequence, sequence.ids.length, 64)).toEqual([2]);
    expect(cache.reserve(sequence, sequence.ids.length, 65)).toEqual([2]);
    expect(sequence.held[0]!.pages).toHaveLength(3);
  });
});
