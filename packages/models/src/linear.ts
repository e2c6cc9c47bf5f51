// A linear layer whose rows may come from several tensors of the file, one below the other (Q, K, V). Those
// of one type share a weight and so a dispatch; others follow with their own, writing their own columns.

import type { Recorder, Tensor } from '@quern/gpu';
import { matmul, type Weight } from '@quern/kernels';

export interface Linear {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly weights: ReadonlyArray<{ readonly weight: Weight; readonly firstRow: number }>;
  readonly bias: Tensor | undefined;
}

export interface LinearOptions {
  x: Tensor;
  step: Tensor;
  /** The tensor's name in the plan. */
  name: string;
  /** Added last, [rows, linear.rows]. */
  residual?: Tensor | undefined;
}

/** x [rows, cols] -> [rows, linear.rows]. */
export function linear(rec: Recorder, layer: Linear, { x, step, name, residual }: LinearOptions): Tensor {
  const y = rec.scratch(name, [x.shape[0]!, layer.rows]);
  for (const { weight, firstRow } of layer.weights) {
    matmul(rec, { weight, x, y, step, column: firstRow, bias: layer.bias, ...(residual && { residual }) });
  }
  return y;
}
