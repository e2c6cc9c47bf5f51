// The last live row of a chunk: all that prefill needs logits of.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './last_row.wgsl?raw';

export interface LastRowOptions {
  /** [rows, n] f32, n a multiple of 4. */
  x: Tensor;
  step: Tensor;
  /** [1, n] f32. */
  y: Tensor;
}

export function lastRow(rec: Recorder, { x, step: stepTensor, y }: LastRowOptions): void {
  const n = x.shape[1]!;
  assert(
    y.shape[0] === 1 && y.shape[1] === n && n % 4 === 0,
    `last row of ${n} values into ${y.shape.join('x')}`,
  );
  rec.dispatch({
    kernel: defineKernel({
      name: 'last-row',
      main,
      modules: { step },
      bindings: ['read', 'read', 'write', 'uniform'],
    }),
    bind: [x, stepTensor, y],
    params: words(n / 4),
    workgroups: [Math.ceil(n / 4 / 32)],
    bytes: n * 8,
    flops: 0,
  });
}
