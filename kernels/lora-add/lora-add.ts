// The second half of a low-rank addition (LoRA, arXiv 2106.09685): what `low` = A x, an ordinary matmul, becomes by B
// is added to the output of a linear layer, whose weights stay as they are. The scale is read when the plan
// runs, so that requests with other scales share one.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './lora_add.wgsl?raw';

export interface LoraAddOptions {
  /** [rows, rank] f32, rank a multiple of 4. */
  low: Tensor;
  /** [outputs, rank] f32. */
  b: Tensor;
  /** [1] f32. */
  scale: Tensor;
  step: Tensor;
  /** [rows, columns] f32, added to. */
  y: Tensor;
  /** First column of y that is added to; default 0. */
  column?: number;
}

export function loraAdd(rec: Recorder, { low, b, scale, step: stepTensor, y, column = 0 }: LoraAddOptions) {
  const [rows, rank] = low.shape as [number, number];
  const outputs = b.shape[0]!;
  const columns = y.shape[1]!;
  assert(b.shape[1] === rank && rank % 4 === 0, `a rank of ${rank} and a matrix for ${b.shape[1]}`);
  assert(y.shape[0] === rows, `y has ${y.shape[0]} rows, the low ones are ${rows}`);
  assert(column + outputs <= columns, `${outputs} outputs from column ${column} of ${columns}`);
  const groups = Math.ceil(outputs / 64);
  const folds = Math.ceil(groups / rec.gpu.caps.limits.maxComputeWorkgroupsPerDimension);
  rec.dispatch({
    kernel: defineKernel({
      name: 'lora-add',
      main,
      modules: { step },
      bindings: ['read', 'read', 'read', 'read', 'write', 'uniform'],
    }),
    bind: [low, b, scale, stepTensor, y],
    params: words(outputs, column, rank / 4, columns),
    workgroups: [Math.ceil(groups / folds), rows, folds],
    bytes: b.byteLength + low.byteLength + rows * outputs * 8,
    flops: 2 * rows * outputs * rank,
  });
}
