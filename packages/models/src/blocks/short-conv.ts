// A short convolution in the place of attention (LFM2, arXiv 2511.23404): three projections, one of which is gated
// by another, convolved over the last few tokens, and gated by the third. What it needs of earlier tokens lies in
// the layer's pages, half of the channels as keys and half as values, and is kept as a window would be.

import type { Recorder, Tensor } from '@quern/gpu';
import { type KvShape, ropeAppend, shortConv, shortConvGate } from '@quern/kernels';
import type { ForwardContext } from '../architecture.ts';
import { linear, type Linear } from '../linear.ts';
import type { NormInput } from './norm.ts';
import type { WeightRegistry } from '../weight-registry.ts';

export interface ShortConvBlock {
  /** Rows: B, C, and what goes into the convolution. */
  readonly input: Linear;
  readonly output: Linear;
  /** [dim * tokens] f32. */
  readonly weight: Tensor;
  /** [dim] f32. */
  readonly bias: Tensor | undefined;
  /** How many tokens a result is made of. */
  readonly tokens: number;
  /** Of no meaning: nothing is rotated. */
  readonly angles: Tensor;
}

/** Widths that a row of the cache may have. */
const WIDTHS = [64, 32, 16, 8];

/** How `dim` channels lie in the cache, undefined where they do not divide. */
export function shortConvCache(dim: number): Omit<KvShape, 'type'> | undefined {
  const width = WIDTHS.find((candidate) => dim % (2 * candidate) === 0);
  return width === undefined ? undefined : { kvHeads: dim / (2 * width), keyDim: width, valueDim: width };
}

/** The block of layer i. Throws 'corrupt-file' for tensors that are missing or of other shapes. */
export function shortConvBlock(
  weights: WeightRegistry,
  i: number,
  { dim, tokens, angles }: { dim: number; tokens: number; angles: Tensor },
): ShortConvBlock {
  const base = `blk.${i}.shortconv`;
  return {
    input: weights.linear(`${base}.in_proj`, dim, [[`${base}.in_proj.weight`, 3 * dim]]),
    output: weights.linear(`${base}.out_proj`, dim, [[`${base}.out_proj.weight`, dim]]),
    weight: weights.vector(`${base}.conv.weight`, dim, tokens),
    bias: weights.optionalVector(`${base}.conv.bias`, dim),
    tokens,
    angles,
  };
}

/** Rows for the norm in, the residual added if there is one: [rows, dim] -> [rows, dim]. */
export function shortConvolution(
  rec: Recorder,
  block: ShortConvBlock,
  layer: number,
  { x, residual, context }: { x: NormInput; residual: Tensor | undefined; context: ForwardContext },
): Tensor {
  const { step } = context;
  const { kv, shape, pageTable } = context.layers[layer]!;
  const [rows, dim] = x.raw.shape as [number, number];
  const projected = linear(rec, block.input, { x, step, name: 'conv.input' });
  const gated = rec.scratch('conv.gated', [rows, 2 * dim]);
  shortConvGate(rec, { x: projected, step, y: gated });
  const c = rec.scratch('conv.c', [rows, dim]);
  const heads = dim / shape.keyDim;
  const { angles, weight, bias, tokens: length } = block;
  const pages = { shape, kv, pageTable, step };
  ropeAppend(rec, { ...pages, qkv: gated, heads, rotated: 0, pairs: 'halves', angles, q: c });
  const mixed = rec.scratch('conv', [rows, dim]);
  shortConv(rec, { ...pages, c, weight, length, bias, y: mixed });
  return linear(rec, block.output, { x: mixed, step, name: 'convolved', residual });
}
