// Families of experts whose cases e2e/oracle makes: logits by prefill against Hugging Face's. The slow tests decode.
import { test } from 'vitest';
import { caseFolder } from './case.ts';
import { checkPrefill } from './check-case.ts';
import { EXPERT_FOLDERS, EXPERTS } from './families.ts';

test.each(EXPERTS)('%s', (name) => checkPrefill(name));
test.each(EXPERT_FOLDERS)('%s, a folder', (name) => checkPrefill(name, caseFolder(name)));
