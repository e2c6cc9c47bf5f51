// What config.json says of latent attention and of the router beside it (DeepSeek's families) -> GGUF's keys.
// Formulas: transformers, modeling_deepseek_v2.py and modeling_deepseek_v3.py.

import type { MetadataValue } from '../metadata.ts';
import type { ConfigReader } from './config-reader.ts';

export interface LatentTranslation {
  /** Without the `<architecture>.` before them. */
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  /** Values of a head that RoPE turns. */
  readonly rotated: number;
}

/** Undefined for a model without latent attention. */
export function translateLatent(config: ConfigReader): LatentTranslation | undefined {
  const rank = config.count('kv_lora_rank');
  if (rank === undefined) return undefined;
  const rotated = config.count('qk_rope_head_dim') ?? 0;
  const metadata = new Map<string, MetadataValue>([
    ['attention.kv_lora_rank', rank],
    ['attention.q_lora_rank', config.count('q_lora_rank') ?? 0],
    ['attention.key_length_mla', (config.count('qk_nope_head_dim') ?? 0) + rotated],
    ['attention.value_length_mla', config.count('v_head_dim') ?? 0],
    ['rope.dimension_count', rotated],
  ]);
  if (config.flag('rope_interleave') === false) metadata.set('rope.pairs', 'halves');
  // Without the method that limits experts to groups, groups mean nothing.
  if (config.string('topk_method') === 'greedy') metadata.set('expert_group_count', 1);
  return { metadata, rotated };
}

/** Each family's one router: what its code computes whatever else config.json says. */
const ROUTERS: Readonly<Record<string, { scoring: string; methods: readonly string[] }>> = {
  deepseek_v2: { scoring: 'softmax', methods: ['greedy', 'group_limited_greedy'] },
  deepseek_v3: { scoring: 'sigmoid', methods: ['noaux_tc'] },
  glm4_moe_lite: { scoring: 'sigmoid', methods: ['noaux_tc'] },
  kimi_k2: { scoring: 'sigmoid', methods: ['noaux_tc'] },
};

/** Why the experts would not be chosen as their makers meant. */
export function refuseRouter(config: ConfigReader, architecture: string): string | undefined {
  const router = Object.hasOwn(ROUTERS, architecture) ? ROUTERS[architecture] : undefined;
  if (!router) return undefined;
  const scoring = config.string('scoring_func') ?? router.scoring;
  if (scoring !== router.scoring)
    return `scoring_func is '${scoring}'; ${architecture} runs with ${router.scoring}`;
  const method = config.string('topk_method') ?? router.methods[0]!;
  if (!router.methods.includes(method)) {
    return `topk_method is '${method}'; ${architecture} runs with ${router.methods.join(' or ')}`;
  }
  if ((config.count('moe_layer_freq') ?? 1) !== 1) {
    return 'moe_layer_freq is not 1; experts run in every layer after the dense ones';
  }
  if (architecture === 'deepseek_v2' && config.flag('norm_topk_prob') === true) {
    return 'norm_topk_prob is true, which implementations of deepseek_v2 do not agree on';
  }
  return undefined;
}
