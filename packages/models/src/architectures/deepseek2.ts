// DeepSeek V2, V2-Lite, V3 and R1 (arXiv 2405.04434, 2412.19437), and what is built like them (Moonlight, Kimi K2,
// GLM 4.7 Flash):
// latent attention, dense layers first, then mixtures of experts. V3's experts are scored by a sigmoid and chosen
// in groups by their best two, V2's by a softmax and by the best one.

import { getCount, getNumber, getString, type Metadata } from '@quern/formats';
import { QuernError } from '@quern/spec';
import type { Architecture } from '../architecture.ts';
import type { LatentConfig } from '../blocks/latent-attention.ts';
import { createDecoder } from '../decoder.ts';
import { type DecoderConfig, decoderConfig } from '../decoder-config.ts';
import { combinedName, transposedType } from '../latent-heads.ts';
import { moeConfig } from '../moe-config.ts';
import { type RopeConfig, ropeConfig } from '../rope.ts';

/** GGUF's number of a sigmoid as gating function. */
const SIGMOID = 2;
/** GLM 4.7 Flash, whose first files do not say that its router is a sigmoid: layers, and words it knows. */
const GLM_FLASH = { layers: 47, vocabulary: 154880 };
/** Latent values that the attention kernel takes. */
const MOST_RANK = 512;

function config(metadata: Metadata, key: string): DecoderConfig {
  const size = (name: string) =>
    getCount(metadata, `${key}.attention.${name}_mla`, getCount(metadata, `${key}.attention.${name}`));
  const [keyDim, valueDim] = [size('key_length'), size('value_length')];
  // Files made for the absorbed form give the cached row's sizes where others have those of a head.
  const ofHeads = new Map(metadata)
    .set(`${key}.attention.key_length`, keyDim)
    .set(`${key}.attention.value_length`, valueDim);
  const common = decoderConfig(ofHeads, key);
  const rank = getCount(metadata, `${key}.attention.kv_lora_rank`);
  const plainRope = ropeConfig(metadata, key, keyDim);
  const { rotated } = plainRope;
  const plain = keyDim - rotated;
  if (rank < 8 || rank > MOST_RANK || rank % 8 !== 0 || rotated === 0 || plain < 4 || plain % 4 !== 0) {
    throw new QuernError(
      'corrupt-file',
      `Latent rows of ${rank} values and keys of ${plain} + ${rotated}: the rank must be a multiple of 8 up to ${MOST_RANK}, ` +
        'plain values a multiple of 4, rotated ones of 8, none of them 0.',
    );
  }
  refusePairs(metadata, key);
  const queryRank = getCount(metadata, `${key}.attention.q_lora_rank`, 0);
  const { rope, scoreScale } = stretched(metadata, key, plainRope, keyDim);
  const latent: LatentConfig = {
    heads: common.heads,
    rank,
    rotated,
    plain,
    valueDim,
    queryRank: queryRank > 0 ? queryRank : undefined,
  };
  // What predicts a second token ahead stands behind the last layer, and is not run.
  const layers = common.layers - getCount(metadata, `${key}.nextn_predict_layers`, 0);
  if (layers < 1)
    throw new QuernError('corrupt-file', `${common.layers} layers, none of which is the model's.`);
  const isFlash = layers === GLM_FLASH.layers && common.vocabulary === GLM_FLASH.vocabulary;
  const gating = getCount(metadata, `${key}.expert_gating_func`, 0);
  const score = gating === SIGMOID || (gating === 0 && isFlash) ? 'sigmoid' : 'softmax';
  const groupsBy = score === 'sigmoid' ? 'best_two' : 'best';
  return {
    ...common,
    layers,
    cache: Array.from({ length: layers }, () => ({
      kvHeads: 1,
      keyDim: rank + rotated,
      valueDim: rank,
      latent: true,
    })),
    latent,
    moe: moeConfig(metadata, key, { score, normalised: false, groupsBy }),
    activation: 'silu',
    pairs: 'interleaved',
    scoreScale,
    rope: () => rope,
  };
}

function refusePairs(metadata: Metadata, key: string): void {
  if (getString(metadata, `${key}.rope.pairs`, 'interleaved') === 'interleaved') return;
  throw new QuernError(
    'unsupported-architecture',
    'The file says that RoPE pairs a value with one half a head away (rope_interleave: false); latent attention ' +
      'runs with neighbours paired, as the published models have it.',
  );
}

/**
 * YaRN as DeepSeek means it: m(s) = 1 + 0.1 s ln(factor); angles are multiplied by m(mscale) / m(mscale_all_dim),
 * scores by m(mscale_all_dim)^2. GGUF keeps 0.1 mscale_all_dim alone, since published models have both alike.
 */
function stretched(
  metadata: Metadata,
  key: string,
  rope: RopeConfig,
  keyDim: number,
): { rope: RopeConfig; scoreScale: number } {
  const { scaling } = rope;
  if (scaling.kind !== 'yarn') return { rope, scoreScale: keyDim ** -0.5 };
  const given = (name: string, fallback: number) =>
    getNumber(metadata, `${key}.rope.scaling.${name}`, fallback);
  const named = given('yarn_mscale_all_dim', 0);
  const all = named > 0 ? named : 10 * given('yarn_log_multiplier', 0);
  const own = given('yarn_mscale', named > 0 ? 0 : all);
  const m = (scale: number) => 1 + 0.1 * scale * Math.log(Math.max(1, scaling.factor));
  const factor = given('attn_factor', 0);
  const magnitude = factor > 0 ? factor * m(1) : all > 0 && own > 0 ? m(own) / m(all) : m(1);
  return { rope: { ...rope, scaling: { ...scaling, magnitude } }, scoreScale: keyDim ** -0.5 * m(all) ** 2 };
}

export const deepseek2: Architecture<DecoderConfig> = {
  config,
  create: createDecoder,
  remarks(tensors) {
    const combined = [...tensors.values()].filter(({ name }) => name.endsWith('.attn_kv_b.weight'));
    const used = combined.filter(({ name }) => !tensors.has(name.replace('_kv_b.', '_k_b.')));
    const [first] = used;
    if (!first) return [];
    const type = transposedType(first.dtype).name;
    return [
      `The key half of ${used.length} tensors like ${combinedName(0)} (${first.dtype.name}) is transposed while it loads` +
        (type === first.dtype.name ? '.' : ` and kept as ${type}.`),
    ];
  },
};
