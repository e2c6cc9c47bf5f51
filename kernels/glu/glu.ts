// The gated activation on its own, for gate and up projections that one matmul cannot compute together.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './glu.wgsl?raw';

export interface GluOptions {
  /** [rows, 2 * n] f32: gate, then up. */
  x: Tensor;
  step: Tensor;
  /** [rows, n] f32, n a multiple of 4. */
  y: Tensor;
}

export function glu(rec: Recorder, { x, step: stepTensor, y }: GluOptions): void {
  const [rows, n] = y.shape as [number, number];
  assert(x.shape[1] === 2 * n && n % 4 === 0, `glu: x of ${x.shape[1]} columns for y of ${n}`);
  rec.dispatch({
    kernel: defineKernel({
      name: 'glu',
      main,
      modules: { step },
      bindings: ['read', 'read', 'write', 'uniform'],
    }),
    bind: [x, stepTensor, y],
    params: words(n / 4),
    workgroups: [Math.ceil(n / 4 / 32), rows],
    bytes: rows * n * 12,
    flops: rows * n * 5,
  });
}
