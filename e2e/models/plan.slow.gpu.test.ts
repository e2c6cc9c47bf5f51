// Plans and loads of what lies otherwise on the GPU than a dense model: experts, latent rows, windows, convolutions,
// transposed and regrouped tensors.
import { expect, test } from 'vitest';
import { caseFolder, caseSource } from './case.ts';
import { checkPlan } from './plan.ts';

test.each([
  'arch-deepseek3',
  'arch-gemma3',
  'arch-gpt-oss',
  'arch-lfm2moe',
  'arch-mixtral',
  'quant-moe-q4_k_m',
])('%s', async (name) => {
  await checkPlan(() => [caseSource(name)]);
});

test.each(['arch-deepseek2-grouped', 'arch-falcon-40b', 'arch-gpt2', 'arch-llama4-chunks', 'quant-awq-4bit'])(
  '%s, the folder',
  async (name) => {
    await checkPlan(() => caseFolder(name));
  },
);

test('within the memory that the caller says there is, and with the cache type that this takes', async () => {
  const sources = () => [caseSource('arch-llama')];
  const { plan } = await checkPlan(sources);
  const { weightBytes, kvBytes, scratchBytes } = plan.memory;
  const memoryBytes = weightBytes + kvBytes + scratchBytes - 1;
  expect((await checkPlan(sources, { memoryBytes })).info).toMatchObject({ contextLength: 480, kv: 'f16' });
  const asked = await checkPlan(sources, { memoryBytes, contextLength: 512 });
  expect(asked.info).toMatchObject({ contextLength: 512, kv: 'q8' });
});
