// Plans and loads of what lies otherwise on the GPU than a dense model: experts, latent rows, windows, convolutions,
// transposed and regrouped tensors.
import { test } from 'vitest';
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
