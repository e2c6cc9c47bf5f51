// Layer norm of each row: (x - mean) / sqrt(variance + eps) * weight + bias (arXiv 1607.06450).

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import reduce from '../lib/reduce.wgsl?raw';
import step from '../lib/step.wgsl?raw';
import type { Variants } from '../lib/variants.ts';
import { words } from '../lib/words.ts';
import workgroup from './layer_norm.wgsl?raw';
import thread from './layer_norm_thread.wgsl?raw';

export interface LayerNormOptions {
  /** [rows, dim] f32, dim a multiple of 4. */
  x: Tensor;
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

export function layerNorm(rec: Recorder, options: LayerNormOptions): void {
  const { x, weight, bias, epsilon, residual, y } = options;
  const [rows, dim] = x.shape as [number, number];
  assert(
    dim % 4 === 0 && [weight, bias].every((vector) => !vector || vector.shape[0] === dim),
    `layer norm of ${dim} values with ${weight?.shape[0]} weights and ${bias?.shape[0]} biases`,
  );
  const variants = rec.variants as unknown as Variants;
  const byThread = variants.matmul === 'thread';
  rec.dispatch({
    kernel: defineKernel({
      name: byThread ? 'layer-norm-thread' : 'layer-norm',
      main: byThread ? thread : workgroup,
      modules: { step, reduce },
      conditions: {
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
    flops: rows * dim * 7,
  });
}
