// The decoder-only transformer that most families are, put together from blocks: norm, self-attention, norm,
// MLP, with residuals. A family's file says what is particular to it; what a layer has besides (biases, norms
// of queries and keys, norms behind a block, fused projections) shows in which tensors the file has.

import { getCount, getNumber, getString, type Metadata } from '@quern/formats';
import type { Recorder, Tensor } from '@quern/gpu';
import { type Activation, embed, rmsNorm, softcap } from '@quern/kernels';
import { QuernError } from '@quern/spec';
import type { Architecture, ForwardContext, Model, ModelConfig } from './architecture.ts';
import { type AttentionBlock, selfAttention } from './blocks/attention.ts';
import {
  latentAttention,
  latentBlock,
  type LatentBlock,
  type LatentConfig,
} from './blocks/latent-attention.ts';
import { type Mlp, mlp } from './blocks/mlp.ts';
import { hasExperts, type Moe, moe, moeBlock } from './blocks/moe.ts';
import { linear, type Linear } from './linear.ts';
import { type MoeConfig, moeConfig, type MoeDefaults } from './moe-config.ts';
import { type RopeConfig, ropeConfig, RopeTables } from './rope.ts';
import type { WeightRegistry } from './weight-registry.ts';
import { windowedLayers } from './windows.ts';

export interface DecoderConfig extends ModelConfig {
  readonly heads: number;
  readonly kvHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  /** Width of the MLP. */
  readonly inner: number;
  readonly epsilon: number;
  readonly activation: Activation;
  /** How the rows of Q and K pair up for RoPE: as GGUF's llama stores them, or as Hugging Face does. */
  readonly pairs: 'interleaved' | 'halves';
  /** Multiplies queries times keys, usually keyDim^-1/2. */
  readonly scoreScale: number;
  /** Multiplies the embedding; 1 = as it is. */
  readonly embeddingScale: number;
  /** Soft caps (Gemma 2). */
  readonly scoreCap?: number | undefined;
  readonly logitCap?: number | undefined;
  /** True: what files call the norm behind attention is the one before the MLP (gpt-oss). */
  readonly normBeforeMlp?: boolean;
  /** Experts of the layers that have a router; the others have an MLP. */
  readonly moe?: MoeConfig | undefined;
  /** Latent attention, in every layer. */
  readonly latent?: LatentConfig | undefined;
  /** RoPE of layer i. */
  rope(i: number): RopeConfig;
}

/** What `<key>.*` says of any decoder, with the defaults that most families share. Throws 'corrupt-file'. */
export function decoderConfig(
  metadata: Metadata,
  key: string,
): Omit<DecoderConfig, 'activation' | 'pairs' | 'rope'> {
  const dim = getCount(metadata, `${key}.embedding_length`);
  const heads = getCount(metadata, `${key}.attention.head_count`);
  const kvHeads = getCount(metadata, `${key}.attention.head_count_kv`, heads);
  const keyDim = getCount(metadata, `${key}.attention.key_length`, dim / heads);
  const valueDim = getCount(metadata, `${key}.attention.value_length`, dim / heads);
  const layers = getCount(metadata, `${key}.block_count`);
  const whole = [keyDim, valueDim].every((n) => n > 0 && n <= 256 && n % 8 === 0);
  if (!(heads > 0 && kvHeads > 0 && heads % kvHeads === 0 && whole && layers > 0)) {
    throw new QuernError(
      'corrupt-file',
      `${layers} layers of ${heads} heads over ${kvHeads} KV heads of ${keyDim} and ${valueDim} values: heads must ` +
        'divide evenly, their sizes be multiples of 8 up to 256.',
    );
  }
  const tokens = metadata.get('tokenizer.ggml.tokens');
  return {
    layers,
    dim,
    vocabulary: getCount(metadata, `${key}.vocab_size`, Array.isArray(tokens) ? tokens.length : 0),
    trainedContextLength: getCount(metadata, `${key}.context_length`),
    cache: Array.from({ length: layers }, () => ({ kvHeads, keyDim, valueDim })),
    heads,
    kvHeads,
    keyDim,
    valueDim,
    inner: getCount(metadata, `${key}.feed_forward_length`),
    epsilon: getNumber(metadata, `${key}.attention.layer_norm_rms_epsilon`),
    scoreScale: getNumber(metadata, `${key}.attention.scale`, keyDim ** -0.5),
    embeddingScale: 1,
  };
}

/** A decoder whose layers are all alike; it has a window if the file names one. */
export function uniformDecoder(
  own: Pick<DecoderConfig, 'activation' | 'pairs'>,
  experts: MoeDefaults = { score: 'softmax', normalised: true },
): Architecture<DecoderConfig> {
  return {
    config(metadata, key) {
      const common = decoderConfig(metadata, key);
      const rope = ropeConfig(metadata, key, common.keyDim);
      const tokens = getCount(metadata, `${key}.attention.sliding_window`, 0);
      const reach = tokens > 0 ? ({ kind: 'window', tokens } as const) : undefined;
      const windowed = windowedLayers(metadata, key, 0);
      // Safetensors have halves where GGUF's converter made the pairs stand side by side.
      const halves = getString(metadata, `${key}.rope.pairs`, own.pairs) === 'halves';
      return {
        ...common,
        ...own,
        moe: moeConfig(metadata, key, experts),
        pairs: halves ? 'halves' : own.pairs,
        rope: () => rope,
        reach: (i) => (windowed(i) ? reach : undefined),
      };
    },
    create: createDecoder,
  };
}

interface Layer {
  readonly attentionNorm: Tensor | undefined;
  readonly attention: AttentionBlock | LatentBlock;
  readonly afterAttention: Tensor | undefined;
  readonly mlpNorm: Tensor | undefined;
  readonly mlp: Mlp | Moe;
  readonly afterMlp: Tensor | undefined;
}

export function createDecoder(weights: WeightRegistry, c: DecoderConfig, positions: number): Model {
  const { dim, epsilon } = c;
  const ropes = new RopeTables(weights, positions);
  const embedding = weights.linear('token_embd', dim, [['token_embd.weight', c.vocabulary]]);
  const layers = Array.from({ length: c.layers }, (_, i): Layer => {
    const norm = (name: string) => weights.optionalVector(`blk.${i}.${name}.weight`, dim);
    return {
      attentionNorm: norm('attn_norm'),
      attention: attentionBlock(weights, c, i, ropes.tensor(c.rope(i))),
      afterAttention: c.normBeforeMlp ? undefined : norm('post_attention_norm'),
      mlpNorm: norm(c.normBeforeMlp ? 'post_attention_norm' : 'ffn_norm'),
      mlp: c.moe && hasExperts(weights, i) ? moeBlock(weights, dim, c.moe, i) : mlpBlock(weights, c, i),
      afterMlp: norm('post_ffw_norm'),
    };
  });
  const outputNorm = weights.vector('output_norm.weight', dim);
  const output = weights.has('output.weight')
    ? weights.linear('output', dim, [['output.weight', c.vocabulary]])
    : embedding;

  const normed = (
    rec: Recorder,
    x: Tensor,
    weight: Tensor | undefined,
    step: Tensor,
    residual?: Tensor,
  ): Tensor => {
    if (!weight) return x;
    const y = rec.scratch('norm', x.shape);
    rmsNorm(rec, { x, weight, epsilon, step, y, residual });
    return y;
  };

  return {
    prepare: (tokens) => ropes.prepare(tokens),
    embed(rec, step, rows) {
      const y = rec.scratch('embedding', [rows, dim]);
      embed(rec, { weight: embedding.weights[0]!.weight, step, y, scale: c.embeddingScale });
      return y;
    },
    forward(rec, embedded, context: ForwardContext) {
      const { step } = context;
      let hidden = embedded;
      layers.forEach((layer, i) => {
        rec.tap(`layer.${i}`, hidden);
        // A block whose result is normed leaves the residual to that norm.
        const { attention } = layer;
        const seen = {
          x: normed(rec, hidden, layer.attentionNorm, step),
          residual: layer.afterAttention ? undefined : hidden,
          context,
        };
        const attended =
          'absorb' in attention
            ? latentAttention(rec, attention, i, seen)
            : selfAttention(rec, attention, i, seen);
        hidden = normed(rec, attended, layer.afterAttention, step, hidden);
        const rows = {
          x: normed(rec, hidden, layer.mlpNorm, step),
          residual: layer.afterMlp ? undefined : hidden,
          step,
        };
        const mixed = 'router' in layer.mlp ? moe(rec, layer.mlp, rows) : mlp(rec, layer.mlp, rows);
        hidden = normed(rec, mixed, layer.afterMlp, step, hidden);
      });
      return hidden;
    },
    head(rec, hidden, step) {
      const final = normed(rec, hidden, outputNorm, step);
      rec.tap('norm', final);
      const logits = linear(rec, output, { x: final, step, name: 'logits' });
      if (c.logitCap === undefined) return logits;
      const capped = rec.scratch('capped logits', logits.shape);
      softcap(rec, { x: logits, cap: c.logitCap, step, y: capped });
      return capped;
    },
  };
}

function attentionBlock(
  weights: WeightRegistry,
  c: DecoderConfig,
  i: number,
  angles: Tensor,
): AttentionBlock | LatentBlock {
  if (c.latent) {
    return latentBlock(weights, c.latent, i, { dim: c.dim, epsilon: c.epsilon, angles, scale: c.scoreScale });
  }
  const { dim, heads, kvHeads, keyDim, valueDim, epsilon } = c;
  const rows = [heads * keyDim, kvHeads * keyDim, kvHeads * valueDim] as const;
  const fused = `blk.${i}.attn_qkv.weight`;
  const qkv: Linear = weights.has(fused)
    ? weights.linear(`blk.${i}.qkv`, dim, [[fused, rows[0] + rows[1] + rows[2]]])
    : weights.linear(`blk.${i}.qkv`, dim, [
        [`blk.${i}.attn_q.weight`, rows[0]],
        [`blk.${i}.attn_k.weight`, rows[1]],
        [`blk.${i}.attn_v.weight`, rows[2]],
      ]);
  const output = weights.linear(`blk.${i}.attn_output`, heads * valueDim, [
    [`blk.${i}.attn_output.weight`, dim],
  ]);
  return {
    qkv,
    output,
    queryNorm: weights.optionalVector(`blk.${i}.attn_q_norm.weight`, keyDim),
    keyNorm: weights.optionalVector(`blk.${i}.attn_k_norm.weight`, keyDim),
    epsilon,
    heads,
    rotated: c.rope(i).rotated,
    pairs: c.pairs,
    angles,
    scale: c.scoreScale,
    softcap: c.scoreCap,
    reach: c.reach?.(i),
    sinks: weights.optionalVector(`blk.${i}.attn_sinks.weight`, heads),
  };
}

function mlpBlock(weights: WeightRegistry, c: DecoderConfig, i: number): Mlp {
  const { dim, inner, activation } = c;
  const [gate, up, down] = [
    `blk.${i}.ffn_gate.weight`,
    `blk.${i}.ffn_up.weight`,
    `blk.${i}.ffn_down.weight`,
  ] as const;
  return {
    // Phi-3 stores gate and up as one tensor, under the name of the second.
    gateUp: weights.has(gate)
      ? weights.linear(`blk.${i}.gate_up`, dim, [
          [gate, inner],
          [up, inner],
        ])
      : weights.linear(`blk.${i}.gate_up`, dim, [[up, 2 * inner]]),
    down: weights.linear(`blk.${i}.ffn_down`, inner, [[down, dim]]),
    activation,
  };
}
