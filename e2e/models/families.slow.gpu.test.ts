// Every family by prefill, decode and greedy ids, with both exact keys and the cache's default type.
import { describe, test } from 'vitest';
import { checkCase } from './check-case.ts';
import { FAMILIES, MORE_FAMILIES, NEARLY_TIED } from './families.ts';

describe.each(['f32', 'f16'] as const)('%s cache', (kv) => {
  test.each([...FAMILIES, ...MORE_FAMILIES])('%s', (name) => checkCase(name, kv));
});
test.each(NEARLY_TIED)('%s', (name) => checkCase(name, 'f32'));
