// The columns of x in another order: what GPTQ's act-order asks for, where the inputs of a layer are grouped as
// they were quantised. Gathered once for all outputs, so that matmuls read rows as ever.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './permute.wgsl?raw';

export interface PermuteOptions {
  /** [rows, columns] f32. */
  x: Tensor;
  /** [columns] u32, each below `columns`: the column of x that column i of y is. */
  order: Tensor;
  step: Tensor;
  /** [rows, columns] f32. */
  y: Tensor;
}

export function permute(rec: Recorder, { x, order, step: stepTensor, y }: PermuteOptions): void {
  const [rows, columns] = x.shape as [number, number];
  assert(order.shape[0] === columns, `${order.shape[0]} places for ${columns} columns`);
  assert(y.shape[0] === rows && y.shape[1] === columns, `x and y differ: ${x.shape} and ${y.shape}`);
  rec.dispatch({
    kernel: defineKernel({
      name: 'permute',
      main,
      modules: { step },
      bindings: ['read', 'read', 'read', 'write', 'uniform'],
    }),
    bind: [x, order, stepTensor, y],
    params: words(columns),
    workgroups: [Math.ceil(columns / 64), rows],
    bytes: rows * columns * 8 + columns * 4,
    flops: 0,
  });
}
