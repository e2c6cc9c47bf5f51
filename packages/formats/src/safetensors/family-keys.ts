// What only some families say in their config.json, in GGUF's keys where it has any. Meanings: the modeling_*.py of
// each family in transformers.

import type { MetadataValue } from '../metadata.ts';
import type { ConfigReader } from './config-reader.ts';
import { translateLlama4 } from './llama4-keys.ts';

export type SetKey = (key: string, value: MetadataValue | undefined) => void;

/** Translates a family's own keys; the text says why the model would not compute what its makers meant. */
type FamilyKeys = (config: ConfigReader, set: SetKey) => string | undefined;

/** What ALiBi's slopes end at where the config does not say. */
const ALIBI_BIAS = 8;

const FAMILY_KEYS: Readonly<Record<string, FamilyKeys>> = {
  bloom(config, set) {
    set('feed_forward_length', config.count('n_inner') ?? 4 * widthOf(config));
    return (
      unless(config, 'apply_residual_connection_post_layernorm', false) ??
      unless(config, 'slow_but_exact', false)
    );
  },
  cohere2(config) {
    // Its layers turn whole heads, whatever the config says of a part.
    const part = config.number('rotary_pct');
    return part === undefined || part === 1 ? undefined : `rotary_pct is ${part}; cohere2 runs with 1`;
  },
  falcon(config, set) {
    const heads = config.count('num_attention_heads', 'n_head');
    const groups = config.count('num_kv_heads', 'n_head_kv');
    const grouped = config.flag('new_decoder_architecture') === true;
    const shared = config.flag('multi_query') === true ? 1 : heads;
    set('attention.head_count_kv', grouped ? (groups ?? heads) : shared);
    set('feed_forward_length', config.count('ffn_hidden_size') ?? 4 * widthOf(config));
    set('use_parallel_residual', grouped || config.flag('parallel_attn') !== false);
    if (config.flag('alibi') === true) set('attention.max_alibi_bias', ALIBI_BIAS);
    const activation = config.string('activation');
    return activation === undefined || activation === 'gelu'
      ? undefined
      : `activation is '${activation}'; falcon runs with gelu`;
  },
  gpt2(config, set) {
    set('feed_forward_length', config.count('n_inner') ?? 4 * widthOf(config));
    const activation = config.string('activation_function');
    if (activation !== undefined && !['gelu_new', 'gelu_pytorch_tanh', 'gelu_fast'].includes(activation)) {
      return `activation_function is '${activation}'; gpt2 runs with gelu_new`;
    }
    return (
      unless(config, 'scale_attn_weights', true) ??
      unless(config, 'scale_attn_by_inverse_layer_idx', false) ??
      unless(config, 'add_cross_attention', false)
    );
  },
  gpt_neox(config, set) {
    const activation = config.string('hidden_act') ?? 'gelu';
    if (['gelu_new', 'gelu_pytorch_tanh', 'gelu_fast'].includes(activation)) {
      set('feed_forward.activation', 'gelu_tanh');
    } else if (activation !== 'gelu') {
      return `hidden_act is '${activation}'; gpt_neox runs with gelu in either form`;
    }
    set('use_parallel_residual', config.flag('use_parallel_residual') ?? true);
    return undefined;
  },
  lfm2(config, set) {
    const given = config.count('block_ff_dim') ?? config.count('intermediate_size') ?? 0;
    set(
      'feed_forward_length',
      config.flag('block_auto_adjust_ff_dim') === false ? given : adjusted(config, given),
    );
    return convolutions(config, set);
  },
  lfm2_moe: (config, set) => convolutions(config, set),
  llama4_text: translateLlama4,
  mpt(config, set) {
    const attention = config.object('attn_config');
    set('feed_forward_length', Math.round((config.number('expansion_ratio') ?? 4) * widthOf(config)));
    set('attention.max_alibi_bias', attention?.number('alibi_bias_max') ?? ALIBI_BIAS);
    set('attention.clamp_kqv', attention?.number('clip_qkv'));
    set('attention.scale', attention?.number('softmax_scale'));
    const type = attention?.string('attn_type') ?? 'multihead_attention';
    if (type !== 'multihead_attention') return `attn_type is '${type}'; mpt runs with multihead_attention`;
    const scale = config.json['logit_scale'];
    if (scale !== undefined && scale !== null) return 'logit_scale is given, which does not run';
    if (!attention) return undefined;
    return (
      unless(attention, 'alibi', true) ??
      unless(attention, 'qk_ln', false) ??
      unless(attention, 'prefix_lm', false)
    );
  },
  phi(config) {
    return unless(config, 'qk_layernorm', false);
  },
  smollm3(config, set) {
    const rotated = config.numbers('no_rope_layers');
    const every = config.count('no_rope_layer_interval');
    const layers = config.count('num_hidden_layers') ?? 0;
    if (rotated && rotated.length > 0) {
      set(
        'rope.layer_pattern',
        rotated.map((value) => value === 1),
      );
    } else if (every !== undefined && every > 0) {
      set(
        'rope.layer_pattern',
        Array.from({ length: layers }, (_, i) => (i + 1) % every !== 0),
      );
    }
    return undefined;
  },
};

/** Sets a family's own keys; returns why the model is refused, if it is. */
export function translateFamily(architecture: string, config: ConfigReader, set: SetKey): string | undefined {
  return Object.hasOwn(FAMILY_KEYS, architecture) ? FAMILY_KEYS[architecture]!(config, set) : undefined;
}

/** LFM2's width of an MLP: two thirds, multiplied and rounded up. */
function adjusted(config: ConfigReader, given: number): number {
  const thirds = Math.floor((2 * given) / 3);
  const multiplier = config.number('block_ffn_dim_multiplier');
  if (multiplier === undefined) return thirds;
  const multiple = Math.max(1, config.count('block_multiple_of') ?? 1);
  return Math.ceil(Math.floor(multiplier * thirds) / multiple) * multiple;
}

/** LFM2: which layers attend, as GGUF says it, by the KV heads of each. */
function convolutions(config: ConfigReader, set: SetKey): string | undefined {
  const layers = config.count('num_hidden_layers') ?? 0;
  const kinds = config.strings('layer_types');
  const attending = config.numbers('full_attn_idxs');
  const heads = config.count('num_key_value_heads') ?? 0;
  const attends = (i: number) => (kinds ? kinds[i] !== 'conv' : (attending?.includes(i) ?? true));
  set(
    'attention.head_count_kv',
    Uint32Array.from({ length: layers }, (_, i) => (attends(i) ? heads : 0)),
  );
  set('attention.layer_norm_rms_epsilon', config.number('norm_eps'));
  set('shortconv.l_cache', config.count('conv_L_cache'));
  return undefined;
}

function widthOf(config: ConfigReader): number {
  return config.count('hidden_size', 'n_embd', 'd_model', 'n_embed') ?? 0;
}

function unless(config: ConfigReader, key: string, wanted: boolean): string | undefined {
  const value = config.flag(key);
  return value === undefined || value === wanted ? undefined : `${key} is ${value}, which does not run`;
}
