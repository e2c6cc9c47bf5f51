// Norm of each row: RMS norm, x / sqrt(mean(x^2) + eps) * weight (arXiv 1910.07467), or layer norm, which takes the mean
// off first (arXiv 1607.06450).

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import reduce from '../lib/reduce.wgsl?raw';
import step from '../lib/step.wgsl?raw';
import type { Variants } from '../lib/variants.ts';
import { words } from '../lib/words.ts';
import workgroup from './norm.wgsl?raw';
import thread from './norm_thread.wgsl?raw';

export interface NormOptions {
  /** [rows, dim] f32, dim a multiple of 4. */
  x: Tensor;
  /** Layer norm: the mean is taken off first. */
  centred: boolean;
  /** [dim] f32; OLMo's norms have neither weight nor bias, others no bias. */
  weight?: Tensor | undefined;
  bias?: Tensor | undefined;
  epsilon: number;
  step: Tensor;
  /** [rows, dim], added last: a norm that follows its block. */
  residual?: Tensor | undefined;
  /** [rows, dim] f32. */
  y: Tensor;
}

export function norm(rec: Recorder, options: NormOptions): void {
  const { x, centred, weight, bias, epsilon, residual, y } = options;
  const [rows, dim] = x.shape as [number, number];
  assert(
    dim % 4 === 0 && [weight, bias].every((vector) => !vector || vector.shape[0] === dim),
    `norm of ${dim} values with ${weight?.shape[0]} weights and ${bias?.shape[0]} biases`,
  );
  const variants = rec.variants as unknown as Variants;
  const byThread = variants.gemv === 'thread';
  rec.dispatch({
    kernel: defineKernel({
      name: `${centred ? 'layer' : 'rms'}-norm${byThread ? '-thread' : ''}`,
      main: byThread ? thread : workgroup,
      modules: { step, reduce },
      conditions: {
        centred,
        subgroups: !byThread && variants.subgroups === 'on',
        weight: weight !== undefined,
        bias: bias !== undefined,
        residual: residual !== undefined,
      },
      bindings: ['read', 'read', 'read', 'read', 'write', 'read', 'uniform'],
    }),
    bind: [x, weight ?? x, bias ?? x, options.step, y, residual ?? x],
    params: words(dim / 4, { f32: epsilon }),
    workgroups: [byThread ? Math.ceil(rows / 4) : rows],
    bytes: rows * dim * 8 + dim * 8,
    flops: rows * dim * (centred ? 7 : 4),
  });
}
