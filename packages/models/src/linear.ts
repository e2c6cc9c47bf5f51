// A linear layer whose rows may come from several tensors of the file, one below the other (Q, K, V). Those
// of one type share a weight and so a dispatch; others follow with their own, writing their own columns.

import type { Recorder, Tensor } from '@quern/gpu';
import { type FoldedNorm, foldsNorm, matmul, permute, type Weight } from '@quern/kernels';
import { addAdapters, isAdapted } from './adapters.ts';
import type { NormInput } from './blocks/norm.ts';

export interface LinearWeight {
  readonly weight: Weight;
  readonly firstRow: number;
  /** [cols] u32: the weight's column i is column order[i] of x. Undefined: as they stand. */
  readonly order: Tensor | undefined;
}

export interface Linear {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly weights: ReadonlyArray<LinearWeight>;
  readonly bias: Tensor | undefined;
  /** The tensors of the file that it is made of, and where their rows begin. */
  readonly parts: ReadonlyArray<{ readonly tensor: string; readonly firstRow: number }>;
}

export interface LinearOptions {
  /** Rows, or rows that are yet to be normed. */
  x: Tensor | NormInput;
  step: Tensor;
  /** The tensor's name in the plan. */
  name: string;
  /** Added last, [rows, linear.rows]. */
  residual?: Tensor | undefined;
}

/** x [rows, cols] -> [rows, linear.rows], with what the plan's adapters add. */
export function linear(rec: Recorder, layer: Linear, options: LinearOptions): Tensor {
  const { step, name, residual } = options;
  const { x, norm } = input(rec, layer, options);
  const y = rec.scratch(name, [x.shape[0]!, layer.rows]);
  for (const { weight, firstRow, order } of layer.weights) {
    matmul(rec, {
      weight,
      x: order ? ordered(rec, x, order, step) : x,
      y,
      step,
      column: firstRow,
      bias: layer.bias,
      norm,
      ...(residual && { residual }),
    });
  }
  addAdapters(rec, layer.parts, { x, y, step });
  return y;
}

/** What the layer's matmuls read: rows as they stand with a norm to fold in, or normed ones. */
export function input(
  rec: Recorder,
  { weights, parts }: Linear,
  { x, residual }: Pick<LinearOptions, 'x' | 'residual'>,
): { x: Tensor; norm: FoldedNorm | undefined } {
  if (!('normed' in x)) return { x, norm: undefined };
  const { raw, fold } = x;
  const folds =
    fold &&
    weights.every(({ weight, order }) => !order && foldsNorm(rec, weight, raw.shape[0]!)) &&
    !residual &&
    !isAdapted(rec, parts);
  return folds ? { x: raw, norm: fold } : { x: x.normed(), norm: undefined };
}

function ordered(rec: Recorder, x: Tensor, order: Tensor, step: Tensor): Tensor {
  const y = rec.scratch('ordered', x.shape);
  permute(rec, { x, order, step, y });
  return y;
}
