// The families again, with the cache's default type, and those that take long.
import { test } from 'vitest';
import { checkCase } from './check-case.ts';
import { FAMILIES, NEARLY_TIED } from './families.ts';

test.each(FAMILIES)('%s, f16 cache', (name) => checkCase(name, 'f16'));
test.each(NEARLY_TIED)('%s', (name) => checkCase(name, 'f32'));
