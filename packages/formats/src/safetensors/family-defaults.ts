// What config.json leaves out. Transformers writes a nested text_config without the values that its config
// class has anyway (Gemma 3's lacks the number of heads), so those defaults belong to the format. Values:
// the configuration_<model_type>.py of each family.

import type { Json } from './folder-files.ts';

const DEEPSEEK_V3: Json = {
  vocab_size: 129280,
  q_lora_rank: 1536,
  kv_lora_rank: 512,
  qk_nope_head_dim: 128,
  qk_rope_head_dim: 64,
  v_head_dim: 128,
  n_routed_experts: 256,
  num_experts_per_tok: 8,
  n_group: 8,
  topk_group: 4,
  scoring_func: 'sigmoid',
  norm_topk_prob: true,
  routed_scaling_factor: 2.5,
  max_position_embeddings: 4096,
};

const FAMILY_DEFAULTS: Readonly<Record<string, Json>> = {
  deepseek_v2: {
    q_lora_rank: 1536,
    kv_lora_rank: 512,
    qk_nope_head_dim: 128,
    qk_rope_head_dim: 64,
    v_head_dim: 128,
    n_routed_experts: 64,
    topk_method: 'greedy',
    scoring_func: 'softmax',
    norm_topk_prob: false,
    max_position_embeddings: 2048,
  },
  deepseek_v3: DEEPSEEK_V3,
  gemma2: {
    vocab_size: 256000,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    head_dim: 256,
    max_position_embeddings: 8192,
    sliding_window: 4096,
    query_pre_attn_scalar: 256,
    attn_logit_softcapping: 50,
    final_logit_softcapping: 30,
    tie_word_embeddings: true,
  },
  gemma3_text: {
    vocab_size: 262208,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    head_dim: 256,
    max_position_embeddings: 131072,
    rope_theta: 1e6,
    rope_local_base_freq: 10000,
    sliding_window: 4096,
    sliding_window_pattern: 6,
    query_pre_attn_scalar: 256,
    tie_word_embeddings: true,
  },
  ernie4_5_moe: {
    moe_k: 6,
    moe_num_experts: 64,
    moe_num_shared_experts: 2,
    rms_norm_eps: 1e-5,
    rope_theta: 500000,
    max_position_embeddings: 131072,
  },
  glm4_moe: {
    head_dim: 128,
    partial_rotary_factor: 0.5,
    norm_topk_prob: true,
    routed_scaling_factor: 1,
    rms_norm_eps: 1e-5,
    max_position_embeddings: 131072,
  },
  gpt_oss: {
    num_attention_heads: 64,
    num_key_value_heads: 8,
    head_dim: 64,
    num_local_experts: 128,
    num_experts_per_tok: 4,
    rms_norm_eps: 1e-5,
    rope_theta: 150000,
    max_position_embeddings: 131072,
    sliding_window: 128,
  },
  granitemoe: { num_local_experts: 8, num_experts_per_tok: 2, max_position_embeddings: 2048 },
  kimi_k2: DEEPSEEK_V3,
  llama: { max_position_embeddings: 2048 },
  mistral: { num_key_value_heads: 8, max_position_embeddings: 131072, sliding_window: 4096 },
  mixtral: {
    num_key_value_heads: 8,
    num_local_experts: 8,
    num_experts_per_tok: 2,
    rms_norm_eps: 1e-5,
    rope_theta: 1e6,
    max_position_embeddings: 131072,
  },
  olmoe: {
    num_experts: 64,
    num_experts_per_tok: 8,
    norm_topk_prob: false,
    rms_norm_eps: 1e-5,
    max_position_embeddings: 4096,
  },
  phi3: { rms_norm_eps: 1e-5, max_position_embeddings: 4096 },
  qwen2: { max_position_embeddings: 32768, max_window_layers: 28 },
  qwen2_moe: {
    num_experts: 60,
    num_experts_per_tok: 4,
    norm_topk_prob: false,
    max_position_embeddings: 32768,
    max_window_layers: 28,
  },
  qwen3: { head_dim: 128, max_position_embeddings: 32768, max_window_layers: 28 },
  qwen3_moe: {
    num_key_value_heads: 4,
    num_experts: 128,
    num_experts_per_tok: 8,
    norm_topk_prob: false,
    max_position_embeddings: 32768,
    max_window_layers: 28,
  },
};
const COMMON: Json = { rms_norm_eps: 1e-6, rope_theta: 10000 };

/** The config with its family's defaults under it; null counts as given. */
export function withDefaults(modelType: string, config: Json): Json {
  const own = Object.hasOwn(FAMILY_DEFAULTS, modelType) ? FAMILY_DEFAULTS[modelType] : {};
  return { ...COMMON, ...own, ...config };
}
