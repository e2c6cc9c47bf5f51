// Tiny models against Hugging Face's logits: one with decode and greedy ids, the others by prefill; the slow tests have
// all of it for all.
import { test } from 'vitest';
import { checkCase, checkPrefill } from './check-case.ts';
import { FAMILIES } from './families.ts';

test('arch-llama', () => checkCase('arch-llama', 'f32'));
test.each(FAMILIES)('%s, prefill', (name) => checkPrefill(name));
