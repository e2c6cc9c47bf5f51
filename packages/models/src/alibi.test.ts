import { expect, test } from 'vitest';
import { alibiSlopes } from './alibi.ts';

test('slopes as the paper has them', () => {
  expect([...alibiSlopes(8, 8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((i) => 2 ** -i));
});

test('slopes of heads that are no power of two', () => {
  expect([...alibiSlopes(6, 8)]).toEqual([2, 4, 6, 8, 1, 3].map((i) => 2 ** -i));
});
