import { expect, test } from 'vitest';
import type { LoadPlan } from './engine.ts';
import { fitOf } from './fit.ts';

const PLAN: LoadPlan = {
  model: 'a',
  format: 'gguf',
  architecture: 'llama',
  parameters: 1,
  tensorTypes: {},
  files: [],
  bytes: 98e6,
  cachedBytes: 0,
  downloadBytes: 98e6,
  contextLength: 4096,
  trainedContextLength: 8192,
  kv: 'f16',
  memory: { weightBytes: 90e6, kvBytes: 50e6, kvGroups: [], scratchBytes: 10e6 },
  fitsStorage: true,
  problems: [],
};

test('what a model takes, in a sentence', () => {
  expect(fitOf(PLAN)).toEqual({
    fits: true,
    text: 'Runs here: 150 MB on the GPU with 4,096 tokens of context. 98.0 MB to download.',
  });
  expect(fitOf({ ...PLAN, downloadBytes: 0, fitsStorage: false }).text).toBe(
    'Runs here: 150 MB on the GPU with 4,096 tokens of context. It will not be kept: this browser has no room for it.',
  );
  const problems = [{ code: 'out-of-memory' as const, message: 'wants 9 GB, has 4 GB' }];
  expect(fitOf({ ...PLAN, problems })).toEqual({
    fits: false,
    text: 'Does not run here: wants 9 GB, has 4 GB',
  });
});
