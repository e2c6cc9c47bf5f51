// Self-attention with grouped queries: QKV, RoPE and append, attention, output projection, residual.

import type { Recorder, Tensor } from '@quern/gpu';
import { attention, ropeAppend } from '@quern/kernels';
import type { ForwardContext } from '../architecture.ts';
import { linear, type Linear } from '../linear.ts';

export interface AttentionBlock {
  /** Rows: queries, keys, values. */
  readonly qkv: Linear;
  readonly output: Linear;
  readonly heads: number;
  readonly rotated: number;
  readonly pairs: 'interleaved' | 'halves';
  readonly angles: Tensor;
  /** Multiplies the scores. */
  readonly scale: number;
}

/** Normed rows in, residual added: [rows, dim] -> [rows, dim]. */
export function selfAttention(
  rec: Recorder,
  block: AttentionBlock,
  layer: number,
  { x, residual, context }: { x: Tensor; residual: Tensor; context: ForwardContext },
): Tensor {
  const { step, pageTable, oneSequence, keys } = context;
  const { kv, shape } = context.layers[layer]!;
  const { heads, rotated, pairs, angles, scale } = block;
  const rows = x.shape[0]!;
  const qkv = linear(rec, block.qkv, { x, step, name: 'qkv' });
  const q = rec.scratch('q', [rows, heads * shape.keyDim]);
  ropeAppend(rec, { qkv, heads, shape, rotated, pairs, angles, step, pageTable, kv, q });
  const mixed = rec.scratch('attention', [rows, heads * shape.valueDim]);
  attention(rec, { q, heads, shape, scale, oneSequence, keys, step, pageTable, kv, y: mixed });
  return linear(rec, block.output, { x: mixed, step, name: 'attention.residual', residual });
}
