// The dense families step by step: logits by prefill and decode, and greedy ids; some with the default cache too, some
// from their Hugging Face folders.
import { test } from 'vitest';
import { caseFolder } from './case.ts';
import { checkCase } from './check-case.ts';
import { DENSE, DENSE_FOLDERS, DENSE_F16 } from './families.ts';

test.each(DENSE)('%s', (name) => checkCase(name, 'f32'));
test.each(DENSE_F16)('%s, f16 cache', (name) => checkCase(name, 'f16'));
test.each(DENSE_FOLDERS)("%s, Hugging Face's folder", (name) => checkCase(name, 'f32', caseFolder(name)));
