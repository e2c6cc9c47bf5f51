import { describe, expect, test } from 'vitest';
import { translateConfig } from './config-metadata.ts';
import type { Json } from './folder-files.ts';

const metadata = (json: Json) => Object.fromEntries(translateConfig(json).metadata);
const refused = (json: Json) => translateConfig(json).refused;

describe('Falcon', () => {
  const seven: Json = { model_type: 'falcon', hidden_size: 64, num_attention_heads: 8, num_kv_heads: 8 };
  test('7B has one KV head whatever num_kv_heads says', () => {
    expect(metadata(seven)).toMatchObject({
      'falcon.attention.head_count_kv': 1,
      'falcon.feed_forward_length': 256,
      'falcon.use_parallel_residual': true,
    });
  });
  test('the new architecture has groups', () => {
    const json = { ...seven, num_kv_heads: 2, new_decoder_architecture: true, parallel_attn: false };
    expect(metadata(json)).toMatchObject({
      'falcon.attention.head_count_kv': 2,
      'falcon.use_parallel_residual': true,
    });
  });
  test('RefinedWeb has ALiBi and all heads', () => {
    const json = { ...seven, multi_query: false, alibi: true, parallel_attn: false };
    expect(metadata(json)).toMatchObject({
      'falcon.attention.head_count_kv': 8,
      'falcon.attention.max_alibi_bias': 8,
      'falcon.use_parallel_residual': false,
    });
  });
  test('another activation is refused', () => {
    expect(refused({ ...seven, activation: 'relu' })).toContain("activation is 'relu'");
  });
});

test('GPT-2: null is four times the width; odd attention is refused', () => {
  const json = { model_type: 'gpt2', n_embd: 48, n_head: 3, n_layer: 2, n_inner: null };
  expect(metadata(json)).toMatchObject({
    'gpt2.feed_forward_length': 192,
    'gpt2.context_length': 1024,
    'gpt2.attention.key_length': 16,
  });
  expect(refused(json)).toBeUndefined();
  expect(refused({ ...json, scale_attn_by_inverse_layer_idx: true })).toContain(
    'scale_attn_by_inverse_layer_idx',
  );
  expect(refused({ ...json, activation_function: 'relu' })).toContain("'relu'");
});

test('GPT-NeoX: both forms of GELU', () => {
  const json = { model_type: 'gpt_neox', hidden_size: 64, num_attention_heads: 4 };
  expect(metadata(json)).not.toHaveProperty(['gpt_neox.feed_forward.activation']);
  expect(metadata({ ...json, hidden_act: 'gelu_fast' })['gpt_neox.feed_forward.activation']).toBe(
    'gelu_tanh',
  );
  expect(metadata({ ...json, rotary_emb_base: 500 })['gpt_neox.rope.freq_base']).toBe(500);
  expect(refused({ ...json, hidden_act: 'relu' })).toContain("'relu'");
});

test('MPT: its attention is an object of its own', () => {
  const json: Json = { model_type: 'mpt', d_model: 64, n_heads: 4, n_layers: 2, expansion_ratio: 2 };
  const attn = { alibi: true, alibi_bias_max: 4, clip_qkv: 6 };
  expect(metadata({ ...json, attn_config: attn })).toMatchObject({
    'mpt.feed_forward_length': 128,
    'mpt.attention.max_alibi_bias': 4,
    'mpt.attention.clamp_kqv': 6,
  });
  expect(refused({ ...json, attn_config: { ...attn, alibi: false } })).toContain('alibi is false');
  expect(refused({ ...json, attn_config: { attn_type: 'multiquery_attention' } })).toContain('multiquery');
  expect(refused({ ...json, logit_scale: 0.5 })).toContain('logit_scale');
});

test('SmolLM3: which layers turn, by list or period', () => {
  const json = { model_type: 'smollm3', hidden_size: 64, num_attention_heads: 4, num_hidden_layers: 3 };
  const key = 'smollm3.rope.layer_pattern';
  expect(metadata({ ...json, no_rope_layers: [1, 0, 1] })[key]).toEqual([true, false, true]);
  expect(metadata({ ...json, no_rope_layer_interval: 2 })[key]).toEqual([true, false, true]);
});

test('EXAONE 4: a pattern of letters', () => {
  const json = { model_type: 'exaone4', hidden_size: 64, num_attention_heads: 4, num_hidden_layers: 5 };
  const given = metadata({ ...json, sliding_window: 8, sliding_window_pattern: 'LLG' });
  expect(given['exaone4.attention.sliding_window_pattern']).toEqual([true, true, false, true, true]);
});

test('LFM2: layers that attend by their KV heads, the width of the MLP adjusted', () => {
  const json = {
    model_type: 'lfm2',
    hidden_size: 1024,
    num_attention_heads: 16,
    num_hidden_layers: 3,
    num_key_value_heads: 8,
    block_ff_dim: 6656,
    block_multiple_of: 256,
    norm_eps: 1e-5,
  };
  const expected = {
    'lfm2.feed_forward_length': 4608,
    'lfm2.attention.head_count_kv': Uint32Array.of(0, 8, 0),
    'lfm2.attention.layer_norm_rms_epsilon': 1e-5,
    'lfm2.shortconv.l_cache': 3,
  };
  expect(metadata({ ...json, layer_types: ['conv', 'full_attention', 'conv'] })).toMatchObject(expected);
  expect(metadata({ ...json, full_attn_idxs: [1] })).toMatchObject(expected);
  const plain = metadata({ ...json, block_auto_adjust_ff_dim: false });
  expect(plain['lfm2.feed_forward_length']).toBe(6656);
  expect(refused({ ...json, model_type: 'llama', layer_types: ['conv'] })).toContain("'conv'");
});
