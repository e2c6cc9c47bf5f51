// config.json -> the keys that GGUF files use, so that an architecture reads one vocabulary. Keys stand under
// `<model_type>.`. What would change the numbers and has no such key is refused by name.

import { QuernError } from '@quern/spec';
import type { MetadataValue } from '../metadata.ts';
import { ConfigReader } from './config-reader.ts';
import { withDefaults } from './family-defaults.ts';
import { type SetKey, translateFamily } from './family-keys.ts';
import { isJson, type Json } from './folder-files.ts';
import { refuseRouter, translateLatent } from './latent-metadata.ts';
import { translateRope } from './rope-metadata.ts';

export interface TranslatedConfig {
  /** `model_type` of the text model: 'mistral', 'gemma3_text'. */
  readonly architecture: string;
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly vectors: ReadonlyMap<string, Float32Array>;
  /** The head is the embedding; an lm_head in the file does not count. */
  readonly tied: boolean;
  /** Why the model would not compute what its makers meant. */
  readonly refused?: string;
}

/** Throws 'corrupt-file' for a config without a model_type and for values of the wrong kind. */
export function translateConfig(json: Json): TranslatedConfig {
  // Models that also see or hear keep what they say of text apart.
  const nested = isJson(json['text_config']) ? json['text_config'] : undefined;
  const outer = new ConfigReader(json);
  const architecture = nested ? new ConfigReader(nested).string('model_type') : outer.string('model_type');
  if (architecture === undefined) {
    throw new QuernError('corrupt-file', 'config.json has no model_type; it is not the config of a model');
  }
  const config = new ConfigReader(withDefaults(architecture, nested ?? json));
  const metadata = new Map<string, MetadataValue>([['general.architecture', architecture]]);
  const name = outer.string('_name_or_path')?.split('/').filter(Boolean).at(-1);
  if (name !== undefined) metadata.set('general.name', name);
  const set = (key: string, value: MetadataValue | undefined) => {
    if (value !== undefined) metadata.set(`${architecture}.${key}`, value);
  };
  for (const [key, names] of COUNTS) set(key, config.count(...names));
  for (const [key, names] of NUMBERS) set(key, config.number(...names));
  const dim = config.count('hidden_size', 'n_embd', 'd_model', 'n_embed') ?? 0;
  const heads = config.count('num_attention_heads', 'n_head', 'n_heads') ?? 1;
  const headDim = config.count('head_dim') ?? dim / heads;
  set('attention.key_length', headDim);
  set('attention.value_length', headDim);
  const scalar = config.number('query_pre_attn_scalar');
  set('attention.scale', scalar === undefined ? config.number('attention_multiplier') : scalar ** -0.5);
  set('expert_weights_norm', config.flag('norm_topk_prob'));
  set('expert_gating_func', SCORING[config.string('scoring_func') ?? '']);
  translateWindow(config, set);
  const latent = translateLatent(config);
  const rope = translateRope(config, latent?.rotated ?? headDim);
  for (const [key, value] of [...rope.metadata, ...(latent?.metadata ?? [])]) set(key, value);
  const own = translateFamily(architecture, config, set);
  const refused = reasonToRefuse(config, architecture) ?? own;
  return {
    architecture,
    metadata,
    vectors: rope.vectors,
    tied:
      config.flag('tie_embedding') ??
      config.flag('tie_word_embeddings') ??
      outer.flag('tie_word_embeddings') ??
      false,
    ...(refused !== undefined && { refused }),
  };
}

/** GGUF's numbers of gating functions. */
const SCORING: Readonly<Record<string, number>> = { softmax: 1, sigmoid: 2 };

type Names = ReadonlyArray<readonly [key: string, names: readonly string[]]>;

const COUNTS: Names = [
  ['embedding_length', ['hidden_size', 'n_embd', 'd_model', 'n_embed']],
  ['block_count', ['num_hidden_layers', 'n_layer', 'n_layers']],
  ['attention.head_count', ['num_attention_heads', 'n_head', 'n_heads']],
  ['attention.head_count_kv', ['num_key_value_heads']],
  ['feed_forward_length', ['intermediate_size', 'n_inner']],
  ['context_length', ['max_position_embeddings', 'n_positions', 'max_seq_len', 'seq_length']],
  ['vocab_size', ['vocab_size']],
  ['expert_count', ['num_local_experts', 'num_experts', 'n_routed_experts', 'moe_num_experts']],
  ['expert_used_count', ['num_experts_per_tok', 'moe_k']],
  ['expert_feed_forward_length', ['moe_intermediate_size']],
  ['expert_shared_count', ['n_shared_experts', 'moe_num_shared_experts']],
  ['expert_group_count', ['n_group']],
  ['expert_group_used_count', ['topk_group']],
  ['expert_shared_feed_forward_length', ['shared_expert_intermediate_size']],
  ['leading_dense_block_count', ['first_k_dense_replace', 'num_dense_layers']],
];
const NUMBERS: Names = [
  ['attention.layer_norm_rms_epsilon', ['rms_norm_eps']],
  ['attention.layer_norm_epsilon', ['layer_norm_eps', 'layer_norm_epsilon', 'norm_epsilon', 'norm_eps']],
  ['attn_logit_softcapping', ['attn_logit_softcapping']],
  ['final_logit_softcapping', ['final_logit_softcapping']],
  ['embedding_scale', ['embedding_multiplier']],
  ['residual_scale', ['residual_multiplier']],
  ['logit_scale', ['logits_scaling', 'logit_scale']],
  ['expert_weights_scale', ['routed_scaling_factor']],
  ['swiglu_limit', ['swiglu_limit']],
  ['attention.clamp_kqv', ['clip_qkv']],
];

/** How far layers see: one window for all, or a list or period of those that have it. */
function translateWindow(config: ConfigReader, set: SetKey): void {
  const width = config.count('sliding_window');
  if (width === undefined || width === 0 || config.flag('use_sliding_window') === false) return;
  set('attention.sliding_window', width);
  const layers = config.count('num_hidden_layers') ?? 0;
  const kinds = config.strings('layer_types');
  const fromLayer =
    config.flag('use_sliding_window') === true ? config.count('max_window_layers') : undefined;
  if (kinds) {
    set(
      'attention.sliding_window_pattern',
      kinds.map((kind) => kind === 'sliding_attention'),
    );
  } else if (fromLayer !== undefined) {
    set(
      'attention.sliding_window_pattern',
      Array.from({ length: layers }, (_, i) => i >= fromLayer),
    );
  } else if (typeof config.json['sliding_window_pattern'] === 'string') {
    // EXAONE 4: 'LLLG', over and over; L is local.
    const pattern = config.string('sliding_window_pattern')!;
    set(
      'attention.sliding_window_pattern',
      Array.from({ length: layers }, (_, i) => pattern[i % pattern.length] === 'L'),
    );
  } else {
    const period = config.count('sliding_window_pattern', '_sliding_window_pattern');
    set('attention.sliding_window_pattern', period);
  }
}

/** Activations under several names that are one function. */
const GELU_TANH = ['gelu_pytorch_tanh', 'gelu_new', 'gelu_fast'];
/** What a family's blocks compute, where its config could say otherwise. */
const ACTIVATIONS: Readonly<Record<string, readonly string[]>> = {
  llama: ['silu', 'swish'],
  mistral: ['silu', 'swish'],
  mixtral: ['silu', 'swish'],
  phi3: ['silu', 'swish'],
  qwen2: ['silu', 'swish'],
  qwen3: ['silu', 'swish'],
  qwen2_moe: ['silu', 'swish'],
  qwen3_moe: ['silu', 'swish'],
  olmoe: ['silu', 'swish'],
  gpt_oss: ['silu', 'swish'],
  deepseek_v2: ['silu', 'swish'],
  deepseek_v3: ['silu', 'swish'],
  glm4_moe_lite: ['silu', 'swish'],
  kimi_k2: ['silu', 'swish'],
  granitemoe: ['silu', 'swish'],
  granitemoeshared: ['silu', 'swish'],
  glm4_moe: ['silu', 'swish'],
  ernie4_5_moe: ['silu', 'swish'],
  llama4_text: ['silu', 'swish'],
  smollm3: ['silu', 'swish'],
  granite: ['silu', 'swish'],
  olmo: ['silu', 'swish'],
  olmo2: ['silu', 'swish'],
  olmo3: ['silu', 'swish'],
  cohere: ['silu', 'swish'],
  cohere2: ['silu', 'swish'],
  glm4: ['silu', 'swish'],
  exaone4: ['silu', 'swish'],
  ernie4_5: ['silu', 'swish'],
  stablelm: ['silu', 'swish'],
  nemotron: ['relu2'],
  phi: GELU_TANH,
  starcoder2: GELU_TANH,
  // The first files say gelu; the models were trained with its other form.
  gemma: [...GELU_TANH, 'gelu'],
  gemma2: GELU_TANH,
  gemma3_text: GELU_TANH,
};
const LAYER_KINDS = new Set(['full_attention', 'sliding_attention', 'chunked_attention', 'attention']);

function reasonToRefuse(config: ConfigReader, architecture: string): string | undefined {
  const wanted = Object.hasOwn(ACTIVATIONS, architecture) ? ACTIVATIONS[architecture] : undefined;
  const activation = config.string('hidden_activation', 'hidden_act');
  if (wanted && activation !== undefined && !wanted.includes(activation)) {
    return `hidden_act is '${activation}'; ${architecture} runs with ${wanted.join(' or ')}`;
  }
  // OLMo's comes before its norms of queries and keys, OLMoE's would come behind them; no checkpoint has it.
  if (architecture === 'olmoe' && config.number('clip_qkv') !== undefined) {
    return 'clip_qkv is set, which olmoe does not run with';
  }
  const scoring = config.string('scoring_func');
  if (scoring !== undefined && !Object.hasOwn(SCORING, scoring)) {
    return `scoring_func is '${scoring}'; softmax and sigmoid are known`;
  }
  const router = refuseRouter(config, architecture);
  if (router !== undefined) return router;
  const convolves = architecture === 'lfm2' || architecture === 'lfm2_moe';
  const odd = config
    .strings('layer_types')
    ?.find((kind) => !LAYER_KINDS.has(kind) && !(kind === 'conv' && convolves));
  if (odd !== undefined) return `layer_types names '${odd}', which is not known here`;
  for (const key of ['use_bidirectional_attention', 'is_encoder_decoder'] as const) {
    if (config.flag(key) === true) return `${key} is true; only causal decoders run`;
  }
  return undefined;
}
