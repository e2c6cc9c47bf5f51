// One tiny model of each family against Hugging Face's logits and greedy ids.
import { describe, test } from 'vitest';
import { checkCase } from './check-case.ts';

describe.each([
  'arch-llama',
  'arch-llama3-rope',
  'arch-mistral-swa-gguf',
  'arch-qwen2',
  'arch-qwen3',
  'arch-gemma2',
  'arch-gemma3',
  'arch-phi3',
  'arch-phi3-longrope',
])('%s', (name) => {
  test.each(['f32', 'f16'] as const)('%s cache', (kv) => checkCase(name, kv));
});
