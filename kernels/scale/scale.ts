// A multiple of rows, onto a residual if there is one: what models with multipliers (Granite, Command R) need
// between their blocks.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './scale.wgsl?raw';

export interface ScaleOptions {
  /** [rows, n] f32, n a multiple of 4. */
  x: Tensor;
  factor: number;
  step: Tensor;
  /** [rows, n], added last. */
  residual?: Tensor | undefined;
  /** [rows, n] f32. */
  y: Tensor;
}

export function scale(rec: Recorder, { x, factor, step: stepTensor, residual, y }: ScaleOptions): void {
  const [rows, n] = x.shape as [number, number];
  assert(n % 4 === 0 && y.byteLength === x.byteLength, `scale of ${n} values`);
  rec.dispatch({
    kernel: defineKernel({
      name: 'scale',
      main,
      modules: { step },
      conditions: { residual: residual !== undefined },
      bindings: ['read', 'read', 'read', 'write', 'uniform'],
    }),
    bind: [x, residual ?? x, stepTensor, y],
    params: words(n / 4, { f32: factor }),
    workgroups: [Math.ceil(n / 4 / 64), rows],
    bytes: rows * n * (residual ? 12 : 8),
    flops: rows * n * 2,
  });
}
