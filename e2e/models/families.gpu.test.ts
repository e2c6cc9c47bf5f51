// Tiny models against Hugging Face's logits and greedy ids.
import { test } from 'vitest';
import { checkCase } from './check-case.ts';
import { FAMILIES } from './families.ts';

test.each(FAMILIES)('%s', (name) => checkCase(name, 'f32'));
