import { expect, test } from 'vitest';
import { caseFolder, caseSource } from './case.ts';
import { checkPlan } from './plan.ts';

test('a plan is what a load takes, to the byte', async () => {
  const { plan } = await checkPlan(() => [caseSource('arch-llama')]);
  expect(plan.memory.weightBytes).toBeGreaterThan(0);
  expect(plan.memory.scratchBytes).toBeGreaterThan(0);
  expect(plan).toMatchObject({ format: 'gguf', downloadBytes: 0, fitsStorage: true });
});

test('also of a packed folder, at the context and with the cache asked for', async () => {
  const { info } = await checkPlan(() => caseFolder('quant-gptq-actorder-4bit'), {
    contextLength: 96,
    kv: 'q8',
  });
  expect(info).toMatchObject({ contextLength: 96, kv: 'q8' });
});
