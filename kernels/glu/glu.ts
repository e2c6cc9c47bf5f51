// The activation of an MLP on its own: gated (SwiGLU and kin, arXiv 2002.05202) or plain.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import activationSource from '../lib/activation.wgsl?raw';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './glu.wgsl?raw';

/** `gelu` is by the error function, `gelu_tanh` its usual approximation, `relu2` the square of ReLU. */
export type Activation = 'silu' | 'gelu' | 'gelu_tanh' | 'relu2';

export interface GluOptions {
  /** [rows, 2 * n] f32: gate, then up; [rows, n] where it is not gated. */
  x: Tensor;
  activation: Activation;
  gated: boolean;
  step: Tensor;
  /** [rows, n] f32, n a multiple of 4. */
  y: Tensor;
}

export function glu(rec: Recorder, { x, activation, gated, step: stepTensor, y }: GluOptions): void {
  const [rows, n] = y.shape as [number, number];
  assert(x.shape[1] === (gated ? 2 * n : n) && n % 4 === 0, `glu: x of ${x.shape[1]} columns for y of ${n}`);
  rec.dispatch({
    kernel: defineKernel({
      name: 'glu',
      main,
      modules: { step, activation: activationSource },
      conditions: { gated, [activation]: true },
      bindings: ['read', 'read', 'write', 'uniform'],
    }),
    bind: [x, stepTensor, y],
    params: words(n / 4),
    workgroups: [Math.ceil(n / 4 / 32), rows],
    bytes: rows * n * (gated ? 12 : 8),
    flops: rows * n * 8,
  });
}
