import { expect, test } from 'vitest';
import { bytes, count, duration, median, milliseconds, moment, rate } from './format.ts';

test('numbers as people read them', () => {
  expect([0, 999, 1000, 98_362_432, 999_950_000, 1.5e12].map(bytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '98.4 MB',
    '1.0 GB',
    '1.5 TB',
  ]);
  expect([0.4, 59.4, 60, 130].map(duration)).toEqual(['0 s', '59 s', '1 min 0 s', '2 min 10 s']);
  expect([0.04, 3.21, 42.4, 1234, 12_340].map(milliseconds)).toEqual([
    '40 µs',
    '3.2 ms',
    '42 ms',
    '1.23 s',
    '12.3 s',
  ]);
  expect([4.168, 41.68, 416.8, Number.NaN].map(rate)).toEqual(['4.17', '41.7', '417', '–']);
  expect([134_515_008, 1.2e9, 640].map(count)).toEqual(['134.5 M', '1.2 B', '640']);
});

test('median', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('moments', () => {
  const now = new Date(2026, 10, 21, 9, 30).getTime();
  const at = (...date: [number, number, number, number, number]) => moment(new Date(...date).getTime(), now);
  expect(at(2026, 10, 21, 8, 5)).toBe('08:05');
  expect(at(2026, 10, 20, 23, 59)).toBe('yesterday');
  expect(at(2026, 10, 3, 1, 0)).toBe('3 Nov');
  expect(at(2025, 10, 3, 1, 0)).toBe('3 Nov 2025');
});
