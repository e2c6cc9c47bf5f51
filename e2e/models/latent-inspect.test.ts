// What inspect tells of latent attention, without a GPU.
import { inspectModel } from '@quern/engine';
import { expect, test } from 'vitest';
import { caseFolder, caseSource } from './case.ts';

/** Two layers of 512 tokens, a row of 32 + 16 f16 values each. */
const ROWS = 2 * 512 * 48 * 2;

test('a GGUF with both halves: one row a token, nothing to remark', async () => {
  const report = await inspectModel({ sources: [caseSource('arch-deepseek3')] });
  expect(report).toMatchObject({ plan: { problems: [], contextLength: 512 }, remarks: [] });
  expect(report.plan.memory.kvBytes).toBe(ROWS);
});

test('a folder, whose projection is combined: what becomes of it is told', async () => {
  const report = await inspectModel({ sources: caseFolder('arch-deepseek2-grouped') });
  expect(report.plan.problems).toEqual([]);
  expect(report.plan.memory.kvBytes).toBe(ROWS);
  expect(report.remarks).toEqual([
    'The key half of 2 tensors like blk.0.attn_kv_b.weight (bf16) is transposed while it loads.',
  ]);
});
