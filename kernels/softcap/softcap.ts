// The soft cap on logits: cap * tanh(x / cap) (Gemma 2, arXiv 2408.00118).

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './softcap.wgsl?raw';

export interface SoftcapOptions {
  /** [rows, n] f32, n a multiple of 4. */
  x: Tensor;
  cap: number;
  step: Tensor;
  y: Tensor;
}

export function softcap(rec: Recorder, { x, cap, step: stepTensor, y }: SoftcapOptions): void {
  const [rows, n] = x.shape as [number, number];
  assert(n % 4 === 0 && y.byteLength === x.byteLength, `softcap of ${n} values`);
  rec.dispatch({
    kernel: defineKernel({
      name: 'softcap',
      main,
      modules: { step },
      bindings: ['read', 'read', 'write', 'uniform'],
    }),
    bind: [x, stepTensor, y],
    params: words(n / 4, { f32: cap }),
    workgroups: [Math.ceil(n / 4 / 64), rows],
    bytes: rows * n * 8,
    flops: rows * n * 4,
  });
}
