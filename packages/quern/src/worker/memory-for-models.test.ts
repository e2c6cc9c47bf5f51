import { expect, it } from 'vitest';
import { memoryForModels } from './memory-for-models.ts';

it('is half of what a small device tells, and unknown where it tells nothing or all that it may', () => {
  expect(memoryForModels({ deviceMemory: 4 })).toBe(2 ** 31);
  expect(memoryForModels({ deviceMemory: 0.5 })).toBe(2 ** 28);
  expect(memoryForModels({ deviceMemory: 8 })).toBeUndefined();
  expect(memoryForModels({})).toBeUndefined();
  expect(memoryForModels(undefined)).toBeUndefined();
});
