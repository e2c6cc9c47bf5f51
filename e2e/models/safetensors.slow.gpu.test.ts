// The other families from their Hugging Face folders; safetensors.gpu.test.ts has the first ones.
import { describe, test } from 'vitest';
import { caseFolder } from './case.ts';
import { checkCase } from './check-case.ts';

// arch-mistral-swa has a prompt longer than its window, arch-gpt-oss-notrunc experts in MXFP4.
describe.each(['arch-qwen3', 'arch-mistral-swa', 'arch-gpt-oss-notrunc', 'arch-deepseek2-grouped'])(
  '%s',
  (name) => {
    test.each(['f32', 'f16'] as const)('%s cache', (kv) => checkCase(name, kv, caseFolder(name)));
  },
);
