import { expect, test } from 'vitest';
import { translateConfig } from './config-metadata.ts';

const v2 = {
  model_type: 'deepseek_v2',
  hidden_size: 64,
  num_attention_heads: 4,
  num_hidden_layers: 2,
  intermediate_size: 128,
  q_lora_rank: null,
  kv_lora_rank: 32,
  qk_nope_head_dim: 32,
  qk_rope_head_dim: 16,
  v_head_dim: 24,
  n_routed_experts: 8,
  num_experts_per_tok: 3,
  n_group: 4,
  topk_group: 2,
  topk_method: 'group_limited_greedy',
  routed_scaling_factor: 16,
};

const keys = (json: object) => {
  const { metadata, architecture } = translateConfig({ ...json });
  return (name: string) => metadata.get(`${architecture}.${name}`);
};

test('sizes of heads, of the latent row and of what turns', () => {
  const key = keys(v2);
  expect(key('attention.kv_lora_rank')).toBe(32);
  expect(key('attention.q_lora_rank')).toBe(0);
  expect(key('attention.key_length_mla')).toBe(48);
  expect(key('attention.value_length_mla')).toBe(24);
  expect(key('rope.dimension_count')).toBe(16);
  expect(key('rope.pairs')).toBeUndefined();
  // What the family's config class has anyway.
  expect(keys({ ...v2, q_lora_rank: undefined })('attention.q_lora_rank')).toBe(0);
  const { q_lora_rank: _, ...silent } = v2;
  expect(keys(silent)('attention.q_lora_rank')).toBe(1536);
});

test('routers: groups only where a method limits experts to them', () => {
  expect([keys(v2)('expert_gating_func'), keys(v2)('expert_group_count')]).toEqual([1, 4]);
  expect(keys({ ...v2, topk_method: 'greedy' })('expert_group_count')).toBe(1);
  const v3 = keys({ ...v2, model_type: 'deepseek_v3', topk_method: 'noaux_tc' });
  expect([v3('expert_gating_func'), v3('expert_group_count'), v3('expert_weights_norm')]).toEqual([
    2,
    4,
    true,
  ]);
});

test('scaled RoPE is laid out for what turns alone', () => {
  const rope_scaling = { type: 'yarn', factor: 40, mscale: 0.707, mscale_all_dim: 0.707 };
  const key = keys({ ...v2, rope_scaling });
  expect(key('rope.scaling.yarn_mscale_all_dim')).toBe(0.707);
  const { vectors } = translateConfig({
    ...v2,
    rope_scaling: { rope_type: 'llama3', factor: 8, original_max_position_embeddings: 64 },
  });
  expect(vectors.get('rope_freqs.weight')).toHaveLength(8);
});

test('pairs of halves are passed on for the architecture to refuse', () => {
  expect(keys({ ...v2, rope_interleave: false })('rope.pairs')).toBe('halves');
});

test.each([
  ['deepseek_v2', { topk_method: 'noaux_tc' }, 'topk_method'],
  ['deepseek_v2', { scoring_func: 'sigmoid' }, 'scoring_func'],
  ['deepseek_v2', { norm_topk_prob: true }, 'norm_topk_prob'],
  ['deepseek_v2', { moe_layer_freq: 2 }, 'moe_layer_freq'],
  ['deepseek_v2', { hidden_act: 'gelu' }, 'hidden_act'],
  ['deepseek_v3', { topk_method: 'greedy' }, 'topk_method'],
  ['glm4_moe_lite', { topk_method: 'greedy' }, 'topk_method'],
  ['kimi_k2', { topk_method: 'noaux_tc', scoring_func: 'softmax' }, 'scoring_func'],
])('%s with %o is refused by name', (model_type, more, word) => {
  expect(translateConfig({ ...v2, model_type, ...more }).refused).toContain(word);
});

test('what is published is not refused', () => {
  expect(translateConfig(v2).refused).toBeUndefined();
  expect(
    translateConfig({ ...v2, model_type: 'deepseek_v3', topk_method: 'noaux_tc', hidden_act: 'silu' })
      .refused,
  ).toBeUndefined();
});
