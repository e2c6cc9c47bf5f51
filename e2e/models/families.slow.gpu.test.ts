// The families again, with the cache's default type.
import { test } from 'vitest';
import { checkCase } from './check-case.ts';
import { FAMILIES } from './families.ts';

test.each(FAMILIES)('%s, f16 cache', (name) => checkCase(name, 'f16'));
