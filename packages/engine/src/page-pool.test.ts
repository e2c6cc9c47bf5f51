import { expect, test } from 'vitest';
import { PagePool } from './page-pool.ts';

test('a page is free again when its last holder lets go', () => {
  const pool = new PagePool(2);
  const page = pool.take()!;
  pool.retain(page);
  expect(pool.owned(page)).toBe(false);
  pool.release(page);
  expect([pool.free, pool.owned(page)]).toEqual([1, true]);
  pool.release(page);
  expect(pool.free).toBe(2);
});

test('pages run out', () => {
  const pool = new PagePool(2);
  expect(new Set([pool.take(), pool.take()])).toEqual(new Set([0, 1]));
  expect(pool.take()).toBeUndefined();
});

test('a free page can be neither shared nor released', () => {
  const pool = new PagePool(2);
  const page = pool.take()!;
  pool.release(page);
  expect(() => pool.release(page)).toThrow(/is free/);
  expect(() => pool.retain(page)).toThrow(/is free/);
  expect(pool.free).toBe(2);
});
