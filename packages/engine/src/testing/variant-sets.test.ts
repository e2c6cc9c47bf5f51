import { UNKNOWN_ADAPTER } from '@quern/gpu';
import { AXIS_NAMES, valuesOn } from '@quern/kernels';
import { expect, test } from 'vitest';
import { variantSets } from './variant-sets.ts';

const ABLE = { ...UNKNOWN_ADAPTER, subgroups: { min: 32, max: 32 } };

test('every pair of values is in a set, and there are few sets', () => {
  const { sets, missing } = variantSets(ABLE);
  for (const axis of AXIS_NAMES) {
    for (const other of AXIS_NAMES.filter((name) => name !== axis)) {
      for (const value of valuesOn(ABLE, axis)) {
        for (const its of valuesOn(ABLE, other)) {
          expect(
            sets.some((set) => set[axis] === value && set[other] === its),
            `${value} ${its}`,
          ).toBe(true);
        }
      }
    }
  }
  expect(sets.length).toBeLessThanOrEqual(8);
  expect(missing).toEqual([]);
});

test('what the adapter lacks is named and in no set', () => {
  const { sets, missing } = variantSets(UNKNOWN_ADAPTER);
  expect(missing).toContain('subgroups=on needs subgroups');
  expect(sets.some((set) => set['subgroups'] === 'on')).toBe(false);
});
