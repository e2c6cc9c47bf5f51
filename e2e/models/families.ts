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
  'quant-moe-mxfp4',
  'quant-moe-q4_k_m',
];
