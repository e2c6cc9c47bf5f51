// The families' cases. Every one runs in the quick tests with exact keys; rounded keys are for the slow ones.
export const FAMILIES = [
  'arch-llama',
  'arch-llama3-rope',
  'arch-mistral-swa-gguf',
  'arch-qwen2',
  'arch-qwen3',
  'arch-gemma2',
  'arch-gemma3',
  'arch-phi3',
  'arch-phi3-longrope',
  'arch-mixtral',
  'arch-qwen2moe',
  'arch-qwen3moe',
  'arch-gpt-oss',
  'arch-deepseek2-yarn',
  'arch-deepseek3',
  'quant-moe-mxfp4',
  'quant-moe-q4_k_m',
];

/**
 * Slow for their 27 layers, and of experts so nearly tied that rounded keys may send a row elsewhere and move its
 * logits far (`routing_note` of the case): exact keys only.
 */
export const NEARLY_TIED = ['arch-deepseek2-lite'];
