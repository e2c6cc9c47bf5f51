import { expect, test } from 'vitest';
import {
  describeValue,
  getBoolean,
  getBooleanArray,
  getCount,
  getNumber,
  getNumberArray,
  getString,
  getStringArray,
  type Metadata,
  type MetadataValue,
} from './metadata.ts';

const metadata: Metadata = new Map<string, MetadataValue>([
  ['half', 0.5],
  ['three', 3],
  ['minus', -1],
  ['infinite', Infinity],
  ['big', 2n ** 63n],
  ['yes', true],
  ['text', 'abc'],
  ['long', 'x'.repeat(100)],
  ['strings', ['a', 'b']],
  ['bools', [true, false]],
  ['floats', Float32Array.of(1, 2)],
  ['longs', BigInt64Array.of(-1n, 5n)],
  ['tooLong', BigUint64Array.of(2n ** 60n)],
  ['none', []],
  ['nested', [['a'], ['b']]],
]);

test('each getter gives a value of its kind', () => {
  expect(getNumber(metadata, 'half')).toBe(0.5);
  expect(getCount(metadata, 'three')).toBe(3);
  expect(getBoolean(metadata, 'yes')).toBe(true);
  expect(getString(metadata, 'text')).toBe('abc');
  expect(getStringArray(metadata, 'strings')).toEqual(['a', 'b']);
  expect(getBooleanArray(metadata, 'bools')).toEqual([true, false]);
  expect(getNumberArray(metadata, 'floats')).toEqual(Float32Array.of(1, 2));
  expect(Array.from(getNumberArray(metadata, 'longs'))).toEqual([-1, 5]);
  for (const getter of [getStringArray, getBooleanArray, getNumberArray]) {
    expect(getter(metadata, 'none')).toHaveLength(0);
  }
});

test('a missing key gives the fallback, even undefined, or an error with its name', () => {
  expect(getNumber(metadata, 'absent', 7)).toBe(7);
  expect(getString(metadata, 'absent', undefined)).toBeUndefined();
  expect(getStringArray(metadata, 'absent', null)).toBeNull();
  expect(() => getCount(metadata, 'absent')).toThrow(
    expect.objectContaining({
      code: 'corrupt-file',
      message: "metadata key 'absent' is missing; expected a whole number of at least 0",
    }),
  );
});

test('a value of another kind is refused, fallback or not', () => {
  const cases: Array<[() => unknown, string]> = [
    [() => getNumber(metadata, 'text', 1), 'is string "abc"; expected a finite number'],
    [() => getNumber(metadata, 'infinite'), 'is number Infinity; expected a finite number'],
    [() => getNumber(metadata, 'big'), 'is bigint 9223372036854775808; expected a finite number'],
    [() => getCount(metadata, 'minus'), 'is number -1; expected a whole number of at least 0'],
    [() => getCount(metadata, 'half'), 'is number 0.5; expected a whole number of at least 0'],
    [() => getBoolean(metadata, 'three', false), 'is number 3; expected true or false'],
    [() => getString(metadata, 'floats'), 'is array of 2 numbers; expected a string'],
    [() => getStringArray(metadata, 'bools'), 'is array of 2 booleans; expected an array of strings'],
    [() => getStringArray(metadata, 'nested'), 'is array of 2 arrays; expected an array of strings'],
    [() => getBooleanArray(metadata, 'strings'), 'is array of 2 strings; expected an array of booleans'],
    [() => getNumberArray(metadata, 'strings'), 'is array of 2 strings; expected an array of numbers'],
    [() => getNumberArray(metadata, 'tooLong'), 'is array of 1 numbers; expected an array of numbers'],
    [() => getNumberArray(metadata, 'three'), 'is number 3; expected an array of numbers'],
  ];
  for (const [call, message] of cases) expect(call).toThrow(message);
});

test('long strings are cut in messages', () => {
  expect(describeValue(metadata.get('long')!)).toBe(`string "${'x'.repeat(40)}..."`);
  expect(describeValue(metadata.get('none')!)).toBe('an empty array');
});
