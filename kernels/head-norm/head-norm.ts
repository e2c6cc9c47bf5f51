// Norm of queries or keys, in place in the rows that the QKV projection wrote (QK norm, arXiv 2010.04245): of
// each head, or of all of them as one part; RMS norm, or layer norm without a bias.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import reduce from '../lib/reduce.wgsl?raw';
import step from '../lib/step.wgsl?raw';
import type { Variants } from '../lib/variants.ts';
import { words } from '../lib/words.ts';
import narrow from './head_norm.wgsl?raw';
import wide from './head_norm_wide.wgsl?raw';

export interface HeadNormOptions {
  /** [rows, stride] f32. */
  x: Tensor;
  /** First value that is normed, the number of parts, and the width of one: what the norm is taken over. */
  first: number;
  count: number;
  width: number;
  /** [width] f32, or [count * width] where each part has weights of its own. */
  weight: Tensor;
  /** Layer norm: the mean is taken off first (arXiv 1607.06450). Default false. */
  centred?: boolean;
  epsilon: number;
  step: Tensor;
}

/** Parts wider than this get a workgroup each: a thread alone would take long. */
const WIDEST_BY_THREAD = 256;

export function headNorm(rec: Recorder, options: HeadNormOptions): void {
  const { x, first, count, width, weight, centred = false, epsilon } = options;
  const [rows, stride] = x.shape as [number, number];
  const weights = weight.shape[0]!;
  assert(first % 4 === 0 && width % 4 === 0 && stride % 4 === 0, `head norm of ${width} values at ${first}`);
  assert(
    first + count * width <= stride && (weights === width || weights === count * width),
    `head norm: ${count} parts of ${width} from ${first} in rows of ${stride}, ${weights} weights`,
  );
  const variants = rec.variants as unknown as Variants;
  const byThread = width <= WIDEST_BY_THREAD || variants.gemv === 'thread';
  rec.dispatch({
    kernel: defineKernel({
      name: byThread ? 'head-norm' : 'head-norm-wide',
      main: byThread ? narrow : wide,
      modules: { step, reduce },
      conditions: { centred, subgroups: !byThread && variants.subgroups === 'on' },
      bindings: ['write', 'read', 'read', 'uniform'],
    }),
    bind: [x, weight, options.step],
    params: words(stride / 4, first / 4, count, width / 4, weights === width ? 0 : width / 4, {
      f32: epsilon,
    }),
    workgroups: [byThread ? Math.ceil(count / 8) : count, rows],
    bytes: rows * count * width * 12,
    flops: rows * count * width * 4,
  });
}
