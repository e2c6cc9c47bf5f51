// Values held within [-most, most], in place: queries, keys and values of MPT and OLMo (clip_qkv).

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './clamp.wgsl?raw';

export interface ClampOptions {
  /** [rows, n] f32, n a multiple of 4. */
  x: Tensor;
  /** Above 0. */
  most: number;
  step: Tensor;
}

export function clamp(rec: Recorder, { x, most, step: stepTensor }: ClampOptions): void {
  const [rows, n] = x.shape as [number, number];
  assert(n % 4 === 0 && most > 0, `clamp of ${n} values to ${most}`);
  rec.dispatch({
    kernel: defineKernel({ name: 'clamp', main, modules: { step }, bindings: ['write', 'read', 'uniform'] }),
    bind: [x, stepTensor],
    params: words(n / 4, { f32: most }),
    workgroups: [Math.ceil(n / 4 / 64), rows],
    bytes: rows * n * 8,
    flops: rows * n * 2,
  });
}
