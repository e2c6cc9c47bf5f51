// RMS norm of each row: x / sqrt(mean(x^2) + eps) * weight (arXiv 1910.07467).

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import reduce from '../lib/reduce.wgsl?raw';
import step from '../lib/step.wgsl?raw';
import type { Variants } from '../lib/variants.ts';
import { words } from '../lib/words.ts';
import workgroup from './rms_norm.wgsl?raw';
import thread from './rms_norm_thread.wgsl?raw';

export interface RmsNormOptions {
  /** [rows, dim] f32, dim a multiple of 4. */
  x: Tensor;
  /** [dim] f32. */
  weight: Tensor;
  epsilon: number;
  step: Tensor;
  /** [rows, dim], added last: a norm that follows its block. */
  residual?: Tensor | undefined;
  /** [rows, dim] f32. */
  y: Tensor;
}

export function rmsNorm(
  rec: Recorder,
  { x, weight, epsilon, step: stepTensor, residual, y }: RmsNormOptions,
): void {
  const [rows, dim] = x.shape as [number, number];
  assert(
    dim % 4 === 0 && weight.shape[0] === dim,
    `rms norm of ${dim} values with ${weight.shape[0]} weights`,
  );
  const variants = rec.variants as unknown as Variants;
  const byThread = variants.matmul === 'thread';
  rec.dispatch({
    kernel: defineKernel({
      name: byThread ? 'rms-norm-thread' : 'rms-norm',
      main: byThread ? thread : workgroup,
      modules: { step, reduce },
      conditions: {
        subgroups: !byThread && variants.subgroups === 'on',
        residual: residual !== undefined,
      },
      bindings: ['read', 'read', 'read', 'write', 'read', 'uniform'],
    }),
    bind: [x, weight, stepTensor, y, residual ?? x],
    params: words(dim / 4, { f32: epsilon }),
    workgroups: [byThread ? Math.ceil(rows / 4) : rows],
    bytes: rows * dim * 8 + dim * 4,
    flops: rows * dim * 4,
  });
}
