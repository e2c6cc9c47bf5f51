import { expect, it } from 'vitest';
import { contentLength, parseContentRange, unsatisfiedTotal, validatorOf } from './content-range.ts';

it.each([
  ['bytes 0-99/1000', { start: 0, end: 100, total: 1000 }],
  ['bytes 5-5/*', { start: 5, end: 6, total: undefined }],
  ['bytes 9-5/1000', undefined],
  ['bytes 0-1000/1000', undefined],
  ['bytes 0-99999999999999999999/*', undefined],
  ['items 0-9/10', undefined],
  [null, undefined],
])('%s', (header, range) => {
  expect(parseContentRange(header)).toEqual(range);
});

it('reads the other headers', () => {
  expect(unsatisfiedTotal('bytes */12')).toBe(12);
  expect(unsatisfiedTotal('bytes 0-1/12')).toBeUndefined();
  expect(contentLength(new Headers({ 'content-length': '12' }))).toBe(12);
  expect(contentLength(new Headers({ 'content-length': '12', 'content-encoding': 'gzip' }))).toBeUndefined();
  expect(contentLength(new Headers({ 'content-length': '-1' }))).toBeUndefined();
  expect(validatorOf(new Headers({ etag: '"a"', 'last-modified': 'x' }))).toBe('"a"');
  expect(validatorOf(new Headers({ 'last-modified': 'x' }))).toBe('modified:x');
  expect(validatorOf(new Headers())).toBeUndefined();
});
