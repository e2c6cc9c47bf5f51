// The decoder-only transformer that most families are, put together from blocks: norm, self-attention, norm,
// MLP, with residuals. A family's file says what is particular to it; what a layer has besides (biases, norms
// of queries and keys, norms behind a block, fused projections) shows in which tensors the file has.

import type { Recorder, Tensor } from '@quern/gpu';
import { embed, scale, softcap } from '@quern/kernels';
import { QuernError } from '@quern/spec';
import type { ForwardContext, Model } from './architecture.ts';
import { type AttentionBlock, type HeadNorm, selfAttention } from './blocks/attention.ts';
import { latentAttention, latentBlock, type LatentBlock } from './blocks/latent-attention.ts';
import { type Mlp, mlp } from './blocks/mlp.ts';
import { hasExperts, type Moe, moe, moeBlock } from './blocks/moe.ts';
import { type Norm, type NormInput, normed, readNorm, toNorm } from './blocks/norm.ts';
import { shortConvBlock, type ShortConvBlock, shortConvolution } from './blocks/short-conv.ts';
import type { DecoderConfig } from './decoder-config.ts';
import { linear, type Linear } from './linear.ts';
import { RopeTables } from './rope.ts';
import type { WeightRegistry } from './weight-registry.ts';

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
        const x = toNorm(rec, layer.attentionNorm, { x: before, step });
        const attending = { x, residual: direct(layer.afterAttention, before), context };
        const attended = attend(rec, attention, i, attending);
        hidden = joined(rec, attended, layer.afterAttention, step, before);
        const seen = c.parallel ? before : hidden;
        const rows = {
          x: c.parallel && !layer.mlpNorm ? x : toNorm(rec, layer.mlpNorm, { x: seen, step }),
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
  rows: { x: NormInput; residual: Tensor | undefined; context: ForwardContext },
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
