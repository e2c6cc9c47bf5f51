// The decoder-only transformer that most families are, put together from blocks: norm, self-attention, norm,
// MLP, with residuals. A family's file says what is particular to it; what a layer has besides (biases, norms
// of queries and keys, norms behind a block, fused projections) shows in which tensors the file has.

import { getCount, getNumber, getString, type Metadata } from '@quern/formats';
import type { Recorder, Tensor } from '@quern/gpu';
import { type Activation, embed, scale, softcap, type Temperature } from '@quern/kernels';
import { QuernError } from '@quern/spec';
import type { Architecture, ForwardContext, Model, ModelConfig } from './architecture.ts';
import { type AttentionBlock, type HeadNorm, selfAttention } from './blocks/attention.ts';
import {
  latentAttention,
  latentBlock,
  type LatentBlock,
  type LatentConfig,
} from './blocks/latent-attention.ts';
import { type Mlp, mlp } from './blocks/mlp.ts';
import { hasExperts, type Moe, moe, moeBlock } from './blocks/moe.ts';
import { type Norm, type NormKind, normed, readNorm } from './blocks/norm.ts';
import { shortConvBlock, type ShortConvBlock, shortConvolution } from './blocks/short-conv.ts';
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
  readonly norms: NormKind;
  readonly epsilon: number;
  readonly activation: Activation;
  /** MLPs have a gate. */
  readonly gated: boolean;
  /**
   * MLP and attention read the same hidden rows, and both are added to them; where the MLP has no norm of its
   * own it shares attention's.
   */
  readonly parallel: boolean;
  /** How the rows of Q and K pair up for RoPE: as GGUF's llama stores them, or as Hugging Face does. */
  readonly pairs: 'interleaved' | 'halves';
  /** Multiplies queries times keys, usually keyDim^-1/2. */
  readonly scoreScale: number;
  /** Multiplies the embedding; 1 = as it is. */
  readonly embeddingScale: number;
  /** Multiply what a block adds to the residual, and the logits; 1 = as they are (Granite, Command R). */
  readonly residualScale: number;
  readonly logitScale: number;
  /** Rows of the table of learned positions, which is added to the embedding; 0 = none. */
  readonly learnedPositions: number;
  /** Queries, keys and values are held within it (MPT, OLMo). */
  readonly clampQkv?: number | undefined;
  /** [heads]: ALiBi. */
  readonly slopes?: Float32Array<ArrayBuffer> | undefined;
  /** Soft caps (Gemma 2). */
  readonly scoreCap?: number | undefined;
  readonly logitCap?: number | undefined;
  /** True: what files call the norm behind attention is the one before the MLP (gpt-oss). */
  readonly normBeforeMlp?: boolean;
  /** Experts of the layers that have a router; the others have an MLP. */
  readonly moe?: MoeConfig | undefined;
  /** True: queries and keys of layer i are normed head by head, without weights (Llama 4). */
  bareHeadNorms?(i: number): boolean;
  /** How queries of layer i grow with their position. */
  temperature?(i: number): Temperature | undefined;
  /** Layer i has a convolution over so many tokens instead of attention (LFM2). */
  convolution?(i: number): number | undefined;
  /** What files call the last norm, else 'output_norm'. */
  readonly outputNorm?: string;
  /** Latent attention, in every layer. */
  readonly latent?: LatentConfig | undefined;
  /** RoPE of layer i. */
  rope(i: number): RopeConfig;
}

/** What `<key>.*` says of any decoder, with the defaults that most families share. Throws 'corrupt-file'. */
export function decoderConfig(
  metadata: Metadata,
  key: string,
  norms: NormKind = 'rms',
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
    norms,
    epsilon: getNumber(metadata, `${key}.attention.layer_norm${norms === 'rms' ? '_rms' : ''}_epsilon`),
    gated: true,
    parallel: false,
    scoreScale: getNumber(metadata, `${key}.attention.scale`, keyDim ** -0.5),
    embeddingScale: 1,
    residualScale: 1,
    logitScale: 1,
    learnedPositions: 0,
  };
}

/** What a family's file says of itself. */
export type OwnConfig = Pick<DecoderConfig, 'activation' | 'pairs'> & Partial<DecoderConfig>;

/** A decoder whose layers are all alike unless `own` says otherwise; it has a window if the file names one. */
export function uniformDecoder(
  own: OwnConfig | ((metadata: Metadata, key: string) => OwnConfig),
  experts: MoeDefaults = { score: 'softmax', normalised: true },
): Architecture<DecoderConfig> {
  return {
    config(metadata, key) {
      const particular = typeof own === 'function' ? own(metadata, key) : own;
      const common = decoderConfig(metadata, key, particular.norms);
      const layers = particular.layers ?? common.layers;
      if (layers < 1) throw new QuernError('corrupt-file', `${common.layers} layers, of which none is left.`);
      const rope = ropeConfig(metadata, key, common.keyDim);
      const tokens = getCount(metadata, `${key}.attention.sliding_window`, 0);
      const reach = tokens > 0 ? ({ kind: 'window', tokens } as const) : undefined;
      const windowed = windowedLayers(metadata, key, 0);
      // Safetensors have halves where GGUF's converter made the pairs stand side by side.
      const halves = getString(metadata, `${key}.rope.pairs`, particular.pairs) === 'halves';
      return {
        ...common,
        moe: moeConfig(metadata, key, experts),
        rope: () => rope,
        reach: (i) => (windowed(i) ? reach : undefined),
        ...particular,
        cache: (particular.cache ?? common.cache).slice(0, layers),
        pairs: halves ? 'halves' : particular.pairs,
      };
    },
    create: createDecoder,
  };
}

interface Layer {
  readonly attentionNorm: Norm | undefined;
  readonly attention: AttentionBlock | LatentBlock | ShortConvBlock;
  readonly afterAttention: Norm | undefined;
  readonly mlpNorm: Norm | undefined;
  readonly mlp: Mlp | Moe;
  readonly afterMlp: Norm | undefined;
}

export function createDecoder(weights: WeightRegistry, c: DecoderConfig, positions: number): Model {
  const { dim } = c;
  const ropes = new RopeTables(weights, positions);
  const embedding = weights.linear('token_embd', dim, [['token_embd.weight', c.vocabulary]]);
  const places = placeTable(weights, c, positions);
  const bare: Norm | undefined =
    c.norms === 'bare' ? { kind: 'bare', weight: undefined, bias: undefined, epsilon: c.epsilon } : undefined;
  const last = c.outputNorm ?? 'output_norm';
  const embeddingNorm = last === 'token_embd_norm' ? undefined : readNorm(weights, 'token_embd_norm', c);
  const slopes = c.slopes && weights.upload('alibi slopes', c.slopes);
  const layers = Array.from({ length: c.layers }, (_, i): Layer => {
    const norm = (name: string) => readNorm(weights, `blk.${i}.${name}`, c);
    // Falcon with two norms before its parallel blocks calls attention's the second.
    const second = norm('attn_norm_2');
    return {
      attentionNorm: second ?? norm('attn_norm') ?? bare,
      attention: attentionBlock(weights, c, i, ropes.tensor(c.rope(i)), slopes),
      afterAttention: c.normBeforeMlp ? undefined : norm('post_attention_norm'),
      mlpNorm:
        norm(c.normBeforeMlp ? 'post_attention_norm' : 'ffn_norm') ?? (second && norm('attn_norm')) ?? bare,
      mlp: c.moe && hasExperts(weights, i) ? moeBlock(weights, dim, c.moe, i) : mlpBlock(weights, c, i),
      afterMlp: norm('post_ffw_norm'),
    };
  });
  const outputNorm = bare ?? readNorm(weights, last, c);
  if (!outputNorm) throw new QuernError('corrupt-file', `The file has no tensor '${last}.weight'.`);
  const output = weights.has('output.weight')
    ? weights.linear('output', dim, [['output.weight', c.vocabulary]])
    : embedding;

  /** A block's result, normed or scaled on its way onto the residual, if it is not there already. */
  const joined = (rec: Recorder, x: Tensor, after: Norm | undefined, step: Tensor, residual: Tensor) => {
    if (after || c.residualScale === 1) return normed(rec, after, { x, residual, step });
    const y = rec.scratch('scaled', x.shape);
    scale(rec, { x, factor: c.residualScale, step, residual, y });
    return y;
  };
  /** What a block adds itself: nothing where its result is yet to be normed or scaled. */
  const direct = (after: Norm | undefined, residual: Tensor) =>
    after || c.residualScale !== 1 ? undefined : residual;

  return {
    prepare: (tokens) => ropes.prepare(tokens),
    embed(rec, step, rows) {
      const y = rec.scratch('embedding', [rows, dim]);
      embed(rec, { weight: embedding.weights[0]!.weight, step, y, scale: c.embeddingScale });
      if (places) embed(rec, { weight: places.weights[0]!.weight, step, y, positions: true });
      return normed(rec, embeddingNorm, { x: y, step });
    },
    forward(rec, embedded, context: ForwardContext) {
      const { step } = context;
      let hidden = embedded;
      layers.forEach((layer, i) => {
        rec.tap(`layer.${i}`, hidden);
        const { attention } = layer;
        const before = hidden;
        const x = normed(rec, layer.attentionNorm, { x: before, step });
        const attending = { x, residual: direct(layer.afterAttention, before), context };
        const attended = attend(rec, attention, i, attending);
        hidden = joined(rec, attended, layer.afterAttention, step, before);
        const seen = c.parallel ? before : hidden;
        const rows = {
          x: c.parallel && !layer.mlpNorm ? x : normed(rec, layer.mlpNorm, { x: seen, step }),
          residual: direct(layer.afterMlp, hidden),
          step,
        };
        const mixed = 'router' in layer.mlp ? moe(rec, layer.mlp, rows) : mlp(rec, layer.mlp, rows);
        hidden = joined(rec, mixed, layer.afterMlp, step, hidden);
      });
      return hidden;
    },
    head(rec, hidden, step) {
      const final = normed(rec, outputNorm, { x: hidden, step });
      rec.tap('norm', final);
      let x = final;
      if (c.logitScale !== 1) {
        // Rows are shorter than logits, and the head is linear.
        x = rec.scratch('scaled', final.shape);
        scale(rec, { x: final, factor: c.logitScale, step, y: x });
      }
      const logits = linear(rec, output, { x, step, name: 'logits' });
      if (c.logitCap === undefined) return logits;
      const capped = rec.scratch('capped logits', logits.shape);
      softcap(rec, { x: logits, cap: c.logitCap, step, y: capped });
      return capped;
    },
  };
}

function attend(
  rec: Recorder,
  block: Layer['attention'],
  i: number,
  rows: { x: Tensor; residual: Tensor | undefined; context: ForwardContext },
): Tensor {
  if ('absorb' in block) return latentAttention(rec, block, i, rows);
  return 'qkv' in block ? selfAttention(rec, block, i, rows) : shortConvolution(rec, block, i, rows);
}

/** The table of learned positions. Throws 'invalid-request' for a context that it does not reach. */
function placeTable(weights: WeightRegistry, c: DecoderConfig, positions: number): Linear | undefined {
  if (c.learnedPositions === 0) return undefined;
  if (positions > c.learnedPositions) {
    throw new QuernError(
      'invalid-request',
      `A context of ${positions} tokens: the model learned ${c.learnedPositions} positions and has no others.`,
    );
  }
  return weights.linear('position_embd', c.dim, [['position_embd.weight', c.learnedPositions]]);
}

function attentionBlock(
  weights: WeightRegistry,
  c: DecoderConfig,
  i: number,
  angles: Tensor,
  slopes: Tensor | undefined,
): Layer['attention'] {
  const tokens = c.convolution?.(i);
  if (tokens !== undefined) return shortConvBlock(weights, i, { dim: c.dim, tokens, angles });
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
  const ones = c.bareHeadNorms?.(i)
    ? weights.upload('no weights', new Float32Array(keyDim).fill(1))
    : undefined;
  const bareNorm = (count: number): HeadNorm | undefined =>
    ones && { weight: ones, count, width: keyDim, centred: false };
  const output = weights.linear(`blk.${i}.attn_output`, heads * valueDim, [
    [`blk.${i}.attn_output.weight`, dim],
  ]);
  return {
    qkv,
    output,
    queryNorm: bareNorm(heads) ?? headNorm(weights, c, `blk.${i}.attn_q_norm`, heads),
    keyNorm: bareNorm(kvHeads) ?? headNorm(weights, c, `blk.${i}.attn_k_norm`, kvHeads),
    temperature: c.temperature?.(i),
    epsilon,
    clamp: c.clampQkv,
    heads,
    rotated: c.rope(i).rotated,
    pairs: c.pairs,
    angles,
    scale: c.scoreScale,
    softcap: c.scoreCap,
    reach: c.reach?.(i),
    sinks: weights.optionalVector(`blk.${i}.attn_sinks.weight`, heads),
    slopes,
  };
}

/** Weights of one head are for all; a longer vector is for all heads as one part, a matrix for each its own. */
function headNorm(
  weights: WeightRegistry,
  { keyDim, norms }: DecoderConfig,
  base: string,
  heads: number,
): HeadNorm | undefined {
  const name = `${base}.weight`;
  const shape = weights.shape(name);
  if (!shape) return undefined;
  if (weights.has(`${base}.bias`)) {
    throw new QuernError(
      'corrupt-file',
      `The file has '${base}.bias'; norms of queries and keys run without.`,
    );
  }
  const centred = norms !== 'rms';
  if (shape.length > 1) {
    return { weight: weights.vector(name, heads, keyDim), count: heads, width: keyDim, centred };
  }
  return shape[0] === keyDim
    ? { weight: weights.vector(name, keyDim), count: heads, width: keyDim, centred }
    : { weight: weights.vector(name, heads * keyDim), count: 1, width: heads * keyDim, centred };
}

function mlpBlock(weights: WeightRegistry, c: DecoderConfig, i: number): Mlp {
  const { dim, inner, activation, gated } = c;
  const [gate, up, down] = [
    `blk.${i}.ffn_gate.weight`,
    `blk.${i}.ffn_up.weight`,
    `blk.${i}.ffn_down.weight`,
  ] as const;
  return {
    // Phi-3 stores gate and up as one tensor, under the name of the second.
    gateUp:
      gated && weights.has(gate)
        ? weights.linear(`blk.${i}.gate_up`, dim, [
            [gate, inner],
            [up, inner],
          ])
        : weights.linear(`blk.${i}.gate_up`, dim, [[up, gated ? 2 * inner : inner]]),
    gated,
    down: weights.linear(`blk.${i}.ffn_down`, inner, [[down, dim]]),
    activation,
  };
}
