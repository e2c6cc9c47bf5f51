// The families again, with the cache's default type, and the others with both.
import { test } from 'vitest';
import { checkCase } from './check-case.ts';
import { FAMILIES, MORE_FAMILIES, NEARLY_TIED } from './families.ts';

test.each([...FAMILIES, ...MORE_FAMILIES])('%s, f16 cache', (name) => checkCase(name, 'f16'));
test.each([...MORE_FAMILIES, ...NEARLY_TIED])('%s', (name) => checkCase(name, 'f32'));
