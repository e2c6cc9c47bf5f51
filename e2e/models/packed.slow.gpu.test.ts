// Packed checkpoints as the hub has them, against Hugging Face's logits of the same weights unpacked.
import { inspectModel } from '@quern/engine';
import { expect, test } from 'vitest';
import { caseFolder } from './case.ts';
import { checkCase } from './check-case.ts';

test.each(['quant-gptq-actorder-4bit', 'quant-awq-4bit'])('%s', (name) =>
  checkCase(name, 'f32', caseFolder(name)),
);

test('inspect counts the weights, not the pieces that they are stored in', async () => {
  const report = await inspectModel({ sources: caseFolder('quant-awq-4bit') });
  expect(report.plan.problems).toEqual([]);
  expect(report.tensors['int4']).toMatchObject({ count: 14, elements: 2 * (128 * 384 + 3 * 128 * 256) });
  expect(Object.keys(report.tensors).sort()).toEqual(['f16', 'int4']);
});
