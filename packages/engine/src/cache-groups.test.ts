import { pageBytes, type Reach } from '@quern/kernels';
import { describe, expect, test } from 'vitest';
import { cacheGroups, describeGroups, firstSeen, REWIND } from './cache-groups.ts';

const layer = { kvHeads: 2, keyDim: 64, valueDim: 64 };

function model(reaches: ReadonlyArray<Reach | undefined>) {
  return { cache: reaches.map(() => layer), reach: (i: number) => reaches[i] };
}
const window = (tokens: number): Reach => ({ kind: 'window', tokens });
const chunk = (tokens: number): Reach => ({ kind: 'chunk', tokens });

describe('the first position that a row reads', () => {
  test('with a window of n is n - 1 before its own', () => {
    expect([0, 3, 4, 5, 100].map((position) => firstSeen(window(5), position))).toEqual([0, 0, 0, 1, 96]);
    expect(firstSeen(window(1), 9)).toBe(9);
  });
  test('with chunks is where its own begins', () => {
    expect([0, 4, 5, 9, 10].map((position) => firstSeen(chunk(5), position))).toEqual([0, 0, 5, 5, 10]);
  });
  test('else is 0', () => expect(firstSeen(undefined, 77)).toBe(0));
});

describe('groups', () => {
  test('are of layers that see equally far', () => {
    const reaches = [window(512), window(512), undefined, window(512), chunk(512), window(256), undefined];
    expect(cacheGroups(model(reaches), 8192, 256).map(({ layers }) => layers)).toEqual([
      [0, 1, 3],
      [2, 6],
      [4],
      [5],
    ]);
  });

  test('of a model without reach are one, with pages for the context', () => {
    expect(cacheGroups({ cache: [layer, layer] }, 1000, 256)).toEqual([
      { reach: undefined, layers: [0, 1], pages: 32 },
    ]);
  });

  test('with a reach that spans the context are those that see all', () => {
    expect(cacheGroups(model([window(4096), undefined]), 4096, 256)).toEqual([
      { reach: undefined, layers: [0, 1], pages: 128 },
    ]);
  });

  test.each([4096, 32768, 1 << 20])('with a window take the same at %i tokens', (context) => {
    const [local, global] = cacheGroups(model([window(512), undefined]), context, 32);
    // 511 before the row, 32 to step back to, 32 rows: 575 tokens touch 19 pages at most.
    expect([local!.pages, global!.pages]).toEqual([19, context / 32]);
  });

  test.each([
    [1, 1],
    [2, 32],
    [31, 8],
    [32, 32],
    [33, 256],
    [512, 1],
  ])('with a reach of %i have room for any chunk of %i rows, wherever it begins', (tokens, rows) => {
    for (const reach of [window(tokens), chunk(tokens)]) {
      const [group] = cacheGroups(model([reach]), 1 << 20, rows);
      let most = 0;
      for (let start = 0; start < 4 * (tokens + 64); start++) {
        const first = Math.floor(firstSeen(reach, Math.max(0, start - REWIND)) / 32);
        most = Math.max(most, Math.ceil((start + rows) / 32) - first);
      }
      expect(group!.pages).toBeGreaterThanOrEqual(most);
      expect(group!.pages).toBeLessThanOrEqual(most + 1);
    }
  });
});

test('a description counts bytes by group', () => {
  const config = model([window(512), undefined, window(512)]);
  const page = pageBytes({ ...layer, type: 'f16' });
  expect(describeGroups(cacheGroups(config, 8192, 32), config, 'f16')).toEqual([
    { reach: 'window', reachTokens: 512, layers: 2, tokens: 608, bytes: 2 * 19 * page },
    { reach: 'all', layers: 1, tokens: 8192, bytes: 256 * page },
  ]);
});

test('bytes are those of whole pages', () => {
  // 2 heads of 64 + 64 values of 4 bytes, 32 tokens a page.
  const page = 2 * 128 * 4 * 32;
  const config = { cache: [layer, layer, layer] };
  const bytes = (type: 'f32' | 'f16' | 'q8', context: number) =>
    describeGroups(cacheGroups(config, context, 32), config, type).map((group) => group.bytes);
  expect(bytes('f32', 64)).toEqual([3 * 2 * page]);
  expect(bytes('f32', 65)).toEqual([3 * 3 * page]);
  expect(bytes('f16', 65)).toEqual([(3 * 3 * page) / 2]);
  // A byte a value and a 4-byte scale for each 32 of them.
  expect(bytes('q8', 64)).toEqual([3 * 2 * 2 * 32 * (128 + 16)]);
});
