// What Hugging Face's model_type and GGUF's general.architecture call the same thing. Files keep their own
// word; everything here is found by GGUF's.

const ALIASES: Readonly<Record<string, string>> = {
  cohere: 'command-r',
  deepseek_v2: 'deepseek2',
  deepseek_v3: 'deepseek2',
  glm4_moe_lite: 'deepseek2',
  kimi_k2: 'deepseek2',
  ernie4_5_moe: 'ernie4_5-moe',
  gemma3_text: 'gemma3',
  glm4_moe: 'glm4moe',
  granitemoeshared: 'granitemoe',
  gpt_neox: 'gptneox',
  gpt_oss: 'gpt-oss',
  lfm2_moe: 'lfm2moe',
  llama4_text: 'llama4',
  ministral: 'llama',
  mistral: 'llama',
  mixtral: 'llama',
  olmo3: 'olmo2',
  phi: 'phi2',
  qwen2_moe: 'qwen2moe',
  qwen3_moe: 'qwen3moe',
};

/** GGUF's word for an architecture of either vocabulary. */
export function ggufArchitecture(name: string): string {
  return Object.hasOwn(ALIASES, name) ? ALIASES[name]! : name;
}
