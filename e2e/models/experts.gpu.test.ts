// Families of experts whose cases e2e/oracle makes: logits by prefill against Hugging Face's, of those that between
// them go through every option of a mixture. The slow tests have all, and decode.
import { test } from 'vitest';
import { caseFolder } from './case.ts';
import { checkPrefill } from './check-case.ts';

// Widths with a tail; a softmax that is not renormalised.
test('arch-olmoe', () => checkPrefill('arch-olmoe'));
// Sigmoids with a correction, a shared expert; experts stored by columns, weights before the activation.
test.each(['arch-glm4moe', 'arch-llama4-chunks'])('%s, a folder', (name) =>
  checkPrefill(name, caseFolder(name)),
);
