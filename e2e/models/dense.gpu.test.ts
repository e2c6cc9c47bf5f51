// Dense families whose cases e2e/oracle makes: logits by prefill against Hugging Face's. The slow tests have all.
import { test } from 'vitest';
import { checkPrefill } from './check-case.ts';
import { DENSE_QUICK } from './families.ts';

test.each(DENSE_QUICK)('%s', (name) => checkPrefill(name));
