// The families' cases: those that between them go through every block are in the quick tests, by prefill.
export const FAMILIES = ['arch-gemma2', 'arch-phi3-longrope', 'arch-gpt-oss', 'arch-deepseek3'];
export const MORE_FAMILIES = [
  'arch-llama',
  'arch-qwen3',
  'arch-gemma3',
  'arch-mixtral',
  'arch-llama4',
  'arch-llama3-rope',
  'arch-qwen2',
  'arch-qwen3moe',
  'arch-deepseek2-yarn',
  'quant-moe-q4_k_m',
];

/**
 * Slow for their 27 layers, and of experts so nearly tied that rounded keys may send a row elsewhere and move its
 * logits far (`routing_note` of the case): exact keys only.
 */
export const NEARLY_TIED = ['arch-deepseek2-lite'];

/** Dense families whose cases e2e/oracle makes. */
export const DENSE = [
  'arch-gemma',
  'arch-smollm3',
  'arch-granite',
  'arch-olmo2',
  'arch-olmo3',
  'arch-cohere',
  'arch-cohere2',
  'arch-glm4',
  'arch-exaone4',
  'arch-exaone4-window',
  'arch-ernie4_5',
  'arch-olmo',
  'arch-phi2',
  'arch-falcon-7b',
  'arch-falcon-40b',
  'arch-starcoder2',
  'arch-stablelm',
  'arch-gpt2',
  'arch-gptneox',
  'arch-bloom',
  'arch-mpt',
  'arch-nemotron',
  'arch-lfm2',
  'arch-lfm2moe',
];

/** Families of experts whose cases e2e/oracle makes; a width of 24 leaves a tail in every expert. */
export const EXPERTS = ['arch-qwen2moe', 'arch-olmoe', 'arch-ernie4_5-moe'];

/** Those of them that are folders, so that their experts' names and layouts are read too. */
export const EXPERT_FOLDERS = [
  'arch-qwen3moe-dense',
  'arch-granitemoe',
  'arch-glm4moe',
  'arch-llama4-chunks',
  'arch-glm4-moe-lite',
];

/** Those of them that run with the default cache too: they have what others lack. */
export const DENSE_F16 = ['arch-granite', 'arch-cohere', 'arch-bloom', 'arch-lfm2'];

/** Their Hugging Face folders, whose names, keys or order of values are more than a table's lookup. */
export const DENSE_FOLDERS = [
  'arch-bloom',
  'arch-cohere',
  'arch-exaone4-window',
  'arch-falcon-40b',
  'arch-falcon-rw',
  'arch-glm4',
  'arch-gpt2',
  'arch-gptneox-serial',
  'arch-granite',
  'arch-lfm2',
  'arch-lfm2moe',
  'arch-mpt',
  'arch-nemotron',
  'arch-olmo3',
  'arch-phi2',
  'arch-smollm3',
  'arch-stablelm-parallel',
  'arch-starcoder2-window',
];
