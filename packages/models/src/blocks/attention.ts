// Self-attention with grouped queries: QKV, norms of queries and keys, RoPE and append, attention, output.

import type { Recorder, Tensor } from '@quern/gpu';
import { attention, clamp, headNorm, type Reach, ropeAppend, temper, type Temperature } from '@quern/kernels';
import type { ForwardContext } from '../architecture.ts';
import { linear, type Linear } from '../linear.ts';
import type { NormInput } from './norm.ts';

/** A norm of queries or keys: of each head, or of all as one part. */
export interface HeadNorm {
  /** [width] f32, or [count * width]. */
  readonly weight: Tensor;
  readonly count: number;
  readonly width: number;
  /** A layer norm. */
  readonly centred: boolean;
}

export interface AttentionBlock {
  /** Rows: queries, keys, values. */
  readonly qkv: Linear;
  readonly output: Linear;
  readonly queryNorm: HeadNorm | undefined;
  readonly keyNorm: HeadNorm | undefined;
  readonly epsilon: number;
  /** How queries grow with their position. */
  readonly temperature: Temperature | undefined;
  /** Queries, keys and values are held within it. */
  readonly clamp: number | undefined;
  readonly heads: number;
  readonly rotated: number;
  readonly pairs: 'interleaved' | 'halves';
  readonly angles: Tensor;
  /** Multiplies the scores. */
  readonly scale: number;
  readonly softcap: number | undefined;
  readonly reach: Reach | undefined;
  /** [heads] f32: a score without a value for each head. */
  readonly sinks: Tensor | undefined;
  /** [heads] f32: ALiBi. */
  readonly slopes: Tensor | undefined;
}

/** Rows for the norm in, the residual added if there is one: [rows, dim] -> [rows, dim]. */
export function selfAttention(
  rec: Recorder,
  block: AttentionBlock,
  layer: number,
  { x, residual, context }: { x: NormInput; residual: Tensor | undefined; context: ForwardContext },
): Tensor {
  const { step, oneSequence, keys } = context;
  const { kv, shape, pageTable } = context.layers[layer]!;
  const { heads, rotated, pairs, angles, scale, softcap, reach, slopes, queryNorm, keyNorm, epsilon } = block;
  const rows = x.raw.shape[0]!;
  const qkv = linear(rec, block.qkv, { x, step, name: 'qkv' });
  if (block.clamp !== undefined) clamp(rec, { x: qkv, most: block.clamp, step });
  if (queryNorm) headNorm(rec, { ...queryNorm, x: qkv, first: 0, epsilon, step });
  if (keyNorm) headNorm(rec, { ...keyNorm, x: qkv, first: heads * shape.keyDim, epsilon, step });
  if (block.temperature) temper(rec, { ...block.temperature, x: qkv, count: heads * shape.keyDim, step });
  const q = rec.scratch('q', [rows, heads * shape.keyDim]);
  ropeAppend(rec, { qkv, heads, shape, rotated, pairs, angles, step, pageTable, kv, q });
  const mixed = rec.scratch('attention', [rows, heads * shape.valueDim]);
  attention(rec, {
    q,
    heads,
    shape,
    scale,
    oneSequence,
    keys,
    softcap,
    reach,
    sinks: block.sinks,
    slopes,
    step,
    pageTable,
    kv,
    y: mixed,
  });
  return linear(rec, block.output, { x: mixed, step, name: 'attended', residual });
}
