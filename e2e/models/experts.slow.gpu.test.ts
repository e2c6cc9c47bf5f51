// The families of experts step by step: logits by prefill and decode, and greedy ids.
import { describe, test } from 'vitest';
import { caseFolder } from './case.ts';
import { checkCase } from './check-case.ts';
import { EXPERT_FOLDERS, EXPERTS } from './families.ts';

describe.each(['f32', 'f16'] as const)('%s cache', (kv) => {
  test.each(EXPERTS)('%s', (name) => checkCase(name, kv));
  test.each(EXPERT_FOLDERS)('%s, a folder', (name) => checkCase(name, kv, caseFolder(name)));
});
