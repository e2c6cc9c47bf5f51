// RMS norm of queries or keys, in place in the rows that the QKV projection wrote (QK norm, arXiv 2010.04245).

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './head_norm.wgsl?raw';

export interface HeadNormOptions {
  /** [rows, stride] f32. */
  x: Tensor;
  /** First value that is normed, the number of heads, and what the norm is taken over: multiples of 4. */
  first: number;
  count: number;
  /** [width of a head] f32. */
  weight: Tensor;
  epsilon: number;
  step: Tensor;
}

export function headNorm(
  rec: Recorder,
  { x, first, count, weight, epsilon, step: stepTensor }: HeadNormOptions,
): void {
  const [rows, stride] = x.shape as [number, number];
  const width = weight.shape[0]!;
  assert(first % 4 === 0 && width % 4 === 0 && stride % 4 === 0, `head norm of ${width} values at ${first}`);
  assert(
    first + count * width <= stride,
    `head norm: ${count} heads of ${width} from ${first} in rows of ${stride}`,
  );
  rec.dispatch({
    kernel: defineKernel({
      name: 'head-norm',
      main,
      modules: { step },
      bindings: ['write', 'read', 'read', 'uniform'],
    }),
    bind: [x, weight, stepTensor],
    params: words(stride / 4, first / 4, count, width / 4, { f32: epsilon }),
    workgroups: [Math.ceil(count / 8), rows],
    bytes: rows * count * width * 12,
    flops: rows * count * width * 4,
  });
}
