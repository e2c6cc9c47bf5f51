// Packed checkpoints as the hub has them, against Hugging Face's logits of the same weights unpacked.
import { inspectModel, loadEngine } from '@quern/engine';
import { openDawn } from '@quern/gpu/node';
import { ByteBudget } from '@quern/store';
import { expect, test } from 'vitest';
import { caseFolder, readCase } from './case.ts';
import { checkCase } from './check-case.ts';
import { answer } from './requests.ts';

test.each(['quant-gptq-actorder-4bit', 'quant-awq-4bit'])('%s', (name) =>
  checkCase(name, 'f32', caseFolder(name)),
);

test.each(['quant-gptq-actorder-4bit', 'quant-awq-4bit'])(
  '%s with less to hold than a tensor',
  async (name) => {
    const { promptIds, greedyIds } = readCase(name);
    // Of the largest, 24 kB, nine may be held, and its scales, and two strips.
    const budget = new ByteBudget(24 << 10);
    const engine = await loadEngine({ sources: caseFolder(name), gpu: await openDawn(), kv: 'f32', budget });
    expect(budget.most).toBeLessThanOrEqual(budget.limit);
    expect(budget.held).toBe(0);
    expect((await answer(engine, promptIds)).ids).toEqual(greedyIds.slice(0, 8));
    await engine.unload();
  },
);

test('inspect counts the weights, not the pieces that they are stored in', async () => {
  const report = await inspectModel({ sources: caseFolder('quant-awq-4bit') });
  expect(report.plan.problems).toEqual([]);
  expect(report.tensors['int4']).toMatchObject({ count: 14, elements: 2 * (128 * 384 + 3 * 128 * 256) });
  expect(Object.keys(report.tensors).sort()).toEqual(['f16', 'int4']);
});
