// Sequences over groups of layers that see all, a window, or a chunk: which pages stay, and from where a
// sequence goes on.
import { PAGE_TOKENS, type Reach } from '@quern/kernels';
import { describe, expect, test } from 'vitest';
import { cacheGroups, REWIND } from './cache-groups.ts';
import { LOOKAHEAD } from './runner.ts';
import { type Sequence, SequenceCache } from './sequence-cache.ts';

const ROWS = 32;

/** A cache of one layer for each reach. */
function cacheOf(context: number, ...reaches: Array<Reach | undefined>): SequenceCache {
  const layer = { kvHeads: 1, keyDim: 8, valueDim: 8 };
  const config = { cache: reaches.map(() => layer), reach: (i: number) => reaches[i] };
  return new SequenceCache(cacheGroups(config, context, ROWS));
}

/** As the runner does: prompt in chunks, then token by token. */
function compute(
  cache: SequenceCache,
  sequence: Sequence,
  ids: readonly number[],
  promptLength: number,
): void {
  while (sequence.ids.length < ids.length) {
    const start = sequence.ids.length;
    const end = start < promptLength ? Math.min(promptLength, ids.length, start + ROWS) : start + 1;
    cache.reserve(sequence, start, end);
    sequence.ids.push(...ids.slice(start, end));
  }
}

function finished(cache: SequenceCache, ids: readonly number[], promptLength = ids.length): Sequence {
  const sequence = cache.open(ids);
  compute(cache, sequence, ids, promptLength);
  cache.close(sequence, [...ids]);
  return sequence;
}

const ids = (length: number, salt = 0) => Array.from({ length }, (_, i) => i * 7 + salt);
const spans = ({ held }: Sequence) => held.map(({ first, pages }) => [first, first + pages.length]);
const WINDOW: Reach = { kind: 'window', tokens: 40 };
const CHUNK: Reach = { kind: 'chunk', tokens: 48 };

describe('a window', () => {
  test('hands pages back as it moves; layers that see all keep theirs', () => {
    const cache = cacheOf(2048, WINDOW, undefined);
    const [room] = cache.freePages;
    const sequence = cache.start();
    const free: number[] = [];
    for (let length = 100; length <= 1000; length += 100) {
      compute(cache, sequence, ids(length), 600);
      free.push(cache.freePages[0]!);
      expect(spans(sequence)).toEqual([
        [expect.any(Number), Math.ceil(length / PAGE_TOKENS)],
        [0, Math.ceil(length / PAGE_TOKENS)],
      ]);
    }
    expect(Math.min(...free)).toBeGreaterThanOrEqual(0);
    // 39 before the row and 32 to step back to touch four pages at most.
    expect(room! - free.at(-1)!).toBeLessThanOrEqual(4);
    // The last row was at 999: it reads from 960 on, and may go back to 967, which reads from 928 on.
    expect(sequence.held[0]!.first).toBe(928 / PAGE_TOKENS);
  });

  test('leaves a sequence to go on where it stopped', () => {
    const cache = cacheOf(2048, WINDOW, undefined);
    finished(cache, ids(700), 600);
    const next = cache.open([...ids(700), 1, 2, 3]);
    expect(next.ids).toEqual(ids(700));
    expect(spans(next)[1]).toEqual([0, 22]);
    expect(spans(next)[0]![0]! * PAGE_TOKENS).toBeLessThanOrEqual(700 - 39);
  });

  test.each([1, 2, 31, 32])('lets it step back by %i', (back) => {
    const cache = cacheOf(2048, WINDOW, undefined);
    finished(cache, ids(777), 600);
    expect(cache.open([...ids(777 - back), 1, 2, 3]).ids).toEqual(ids(777 - back));
  });

  test('an edit before what it kept starts afresh, and gives nothing away of the other', () => {
    const cache = cacheOf(2048, WINDOW, undefined);
    finished(cache, ids(700), 600);
    const edited = cache.open([...ids(300), 1, 2, 3]);
    expect([edited.ids, spans(edited)]).toEqual([
      [],
      [
        [0, 0],
        [0, 0],
      ],
    ]);
    expect(cache.open([...ids(700), 1]).ids).toHaveLength(700);
  });

  test('a prefix is shared while nothing of it was handed back', () => {
    const cache = cacheOf(2048, { kind: 'window', tokens: 400 }, undefined);
    finished(cache, ids(200));
    const other = cache.open([...ids(100), 1, 2, 3]);
    expect(other.ids).toEqual(ids(96));
    expect(spans(other)).toEqual([
      [0, 3],
      [0, 3],
    ]);
    compute(cache, other, [...ids(96), ...ids(200, 1)], 296);
    expect(cache.open([...ids(200), 1]).ids).toHaveLength(200);
  });

  test('of whole pages only one sequence ever needs more than its pool', () => {
    const cache = cacheOf(2048, WINDOW);
    const [room] = cache.freePages;
    for (let salt = 0; salt < 5; salt++) finished(cache, ids(900, salt), 500 + salt);
    cache.clear();
    expect(cache.freePages).toEqual([room]);
  });

  test('after the steps beyond a stop is where it was', () => {
    const cache = cacheOf(2048, WINDOW, undefined);
    const sequence = cache.open(ids(500));
    compute(cache, sequence, ids(672), 500);
    // Two more were on their way when the last id was read, the second in the next page.
    cache.reserve(sequence, 672, 673);
    cache.reserve(sequence, 673, 674);
    cache.close(sequence, ids(671));
    expect(cache.open([...ids(671), 5]).ids).toHaveLength(671);
  });

  test('truncation to before what it holds forgets all', () => {
    const cache = cacheOf(2048, WINDOW, undefined);
    const before = cache.freePages;
    const sequence = cache.open(ids(500));
    compute(cache, sequence, ids(500), 500);
    cache.truncate(sequence, 200);
    expect([sequence.ids, spans(sequence), cache.freePages]).toEqual([
      [],
      [
        [0, 0],
        [0, 0],
      ],
      before,
    ]);
  });
});

describe('chunks', () => {
  test('hand back what lies before the last one begun', () => {
    const cache = cacheOf(2048, CHUNK);
    const sequence = cache.start();
    compute(cache, sequence, ids(500), 400);
    // The last row, 499, is of the chunk at 480; 467, to which it may go back, of that at 432.
    expect(sequence.held[0]!.first).toBe(Math.floor(432 / PAGE_TOKENS));
  });

  test('can be entered at their first token, whatever was handed back', () => {
    const cache = cacheOf(2048, CHUNK, undefined);
    finished(cache, ids(500));
    const edited = cache.open([...ids(210), 1, 2]);
    // 192 is a chunk's beginning (and a page's: sequences share whole pages only).
    expect([edited.ids.length, spans(edited)]).toEqual([
      192,
      [
        [6, 6],
        [0, 6],
      ],
    ]);
  });

  test('that begin within pages are shared from the last that begins with one', () => {
    const cache = cacheOf(2048, { kind: 'chunk', tokens: 40 }, undefined);
    finished(cache, ids(700));
    // 480 begins a chunk and a page; 520, 560 and 600 begin chunks only.
    expect(cache.open([...ids(610), 1, 2]).ids).toHaveLength(480);
  });

  test('of no whole pages: truncation in the middle of a page goes on in a fresh one', () => {
    const cache = cacheOf(2048, CHUNK, undefined);
    const sequence = cache.open(ids(500));
    compute(cache, sequence, ids(500), 500);
    cache.truncate(sequence, 250);
    // The chunk at 240 begins within page 7, which was handed back: nothing of it is needed before 240.
    expect([sequence.ids.length, spans(sequence)]).toEqual([
      240,
      [
        [7, 7],
        [0, 8],
      ],
    ]);
    cache.reserve(sequence, 240, 272);
    expect(spans(sequence)[0]).toEqual([7, 9]);
  });
});

test('the steps beyond a stop are within what a sequence may step back', () => {
  expect(LOOKAHEAD + 1).toBeLessThanOrEqual(REWIND);
});
