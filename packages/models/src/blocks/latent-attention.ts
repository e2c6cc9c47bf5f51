// Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434), absorbed: the cache has one row a token for all
// heads, latent values and a rotated key; queries go into the latent space, values come out of it, head by head.

import type { Recorder, Tensor } from '@quern/gpu';
import { attention, headMatmul, latentAppend, norm as normOp } from '@quern/kernels';
import type { ForwardContext } from '../architecture.ts';
import { type LatentDims, type LatentHeads, latentHeads } from '../latent-heads.ts';
import { linear, type Linear } from '../linear.ts';
import type { WeightRegistry } from '../weight-registry.ts';
import type { NormInput } from './norm.ts';

export interface LatentConfig extends LatentDims {
  /** Values that RoPE turns in pairs (2i, 2i+1), at the end of each head's query and of the cached row. */
  readonly rotated: number;
  /** Values that queries are pressed into on their way; undefined: they are projected at once (V2-Lite). */
  readonly queryRank: number | undefined;
}

export interface LatentBlock extends LatentConfig, LatentHeads {
  readonly pressed: { readonly down: Linear; readonly norm: Tensor } | undefined;
  /** Rows: each head's plain values, then its rotated ones. */
  readonly query: Linear;
  /** Rows: latent values, then the rotated key. */
  readonly compress: Linear;
  /** [rank] f32. */
  readonly norm: Tensor;
  readonly output: Linear;
  readonly epsilon: number;
  readonly angles: Tensor;
  /** Multiplies the scores. */
  readonly scale: number;
}

/** The block of layer i. Throws 'corrupt-file' for tensors that are missing or of other shapes. */
export function latentBlock(
  weights: WeightRegistry,
  c: LatentConfig,
  i: number,
  {
    dim,
    ...rest
  }: { readonly dim: number; readonly epsilon: number; readonly angles: Tensor; readonly scale: number },
): LatentBlock {
  const { heads, rank, rotated, plain, valueDim, queryRank } = c;
  const matrix = (name: string, rows: number, cols: number) =>
    weights.linear(`blk.${i}.${name}`, cols, [[`blk.${i}.${name}.weight`, rows]]);
  const queries = heads * (plain + rotated);
  return {
    ...c,
    ...rest,
    ...latentHeads(weights, i, c),
    pressed:
      queryRank === undefined
        ? undefined
        : {
            down: matrix('attn_q_a', queryRank, dim),
            norm: weights.vector(`blk.${i}.attn_q_a_norm.weight`, queryRank),
          },
    query: queryRank === undefined ? matrix('attn_q', queries, dim) : matrix('attn_q_b', queries, queryRank),
    compress: matrix('attn_kv_a_mqa', rank + rotated, dim),
    norm: weights.vector(`blk.${i}.attn_kv_a_norm.weight`, rank),
    output: matrix('attn_output', dim, heads * valueDim),
  };
}

/** Rows for the norm in, the residual added if there is one: [rows, dim] -> [rows, dim]. */
export function latentAttention(
  rec: Recorder,
  block: LatentBlock,
  layer: number,
  { x, residual, context }: { x: NormInput; residual: Tensor | undefined; context: ForwardContext },
): Tensor {
  const { step, oneSequence, keys } = context;
  const { kv, shape, pageTable } = context.layers[layer]!;
  const { heads, rank, valueDim, norm, epsilon, angles, scale } = block;
  const rows = x.raw.shape[0]!;
  const projected = linear(rec, block.query, { x: pressed(rec, block, x, step), step, name: 'latent.query' });
  const compressed = linear(rec, block.compress, { x, step, name: 'latent.row' });
  const q = rec.scratch('q', [rows, heads * shape.keyDim]);
  headMatmul(rec, { weight: block.absorb, heads, x: projected, y: q, step });
  latentAppend(rec, {
    compressed,
    weight: norm,
    epsilon,
    heads,
    shape,
    projected,
    angles,
    step,
    pageTable,
    kv,
    q,
  });
  const mixed = rec.scratch('latent.mixed', [rows, heads * rank]);
  attention(rec, { q, heads, shape, scale, oneSequence, keys, step, pageTable, kv, y: mixed });
  const values = rec.scratch('attention', [rows, heads * valueDim]);
  headMatmul(rec, { weight: block.expand, heads, x: mixed, y: values, step });
  return linear(rec, block.output, { x: values, step, name: 'attended', residual });
}

function pressed(rec: Recorder, block: LatentBlock, x: NormInput, step: Tensor): Tensor | NormInput {
  if (!block.pressed) return x;
  const { down, norm } = block.pressed;
  const low = linear(rec, down, { x, step, name: 'latent.query_a' });
  const y = rec.scratch('latent.query_norm', low.shape);
  normOp(rec, { x: low, centred: false, weight: norm, epsilon: block.epsilon, step, y });
  return y;
}
