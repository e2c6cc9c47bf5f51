// Rows of activations as signed bytes in groups of 32, for matmuls in integer arithmetic (`numerics: 'fast'`).

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './quantize.wgsl?raw';

/** 32-bit words of a group of 32 values: 8 of bytes, scale, scaled sums of the two halves, one unused. */
export const GROUP_WORDS = 12;

export interface QuantizeOptions {
  /** [rows, K] f32, K a multiple of 32. */
  x: Tensor;
  step: Tensor;
  /** [rows, K / 32 * GROUP_WORDS]. */
  y: Tensor;
}

const KERNEL = defineKernel({
  name: 'quantize',
  main,
  modules: { step },
  bindings: ['read', 'read', 'write', 'uniform'],
});

/** Needs an adapter with packed 4x8 integer dot products (`caps.dot4`). */
export function quantize(rec: Recorder, { x, step: stepTensor, y }: QuantizeOptions): void {
  const [rows, cols] = x.shape as [number, number];
  const groups = cols / 32;
  assert(Number.isInteger(groups), `quantize: rows of ${cols} values do not divide into groups of 32`);
  assert(
    y.shape[0] === rows && y.shape[1] === groups * GROUP_WORDS,
    `quantize: y is [${y.shape.join(', ')}], not [${rows}, ${groups * GROUP_WORDS}]`,
  );
  rec.dispatch({
    kernel: KERNEL,
    bind: [x, stepTensor, y],
    params: words(groups, 0, 0, 0),
    workgroups: [Math.ceil(groups / 16), rows],
    bytes: x.byteLength + y.byteLength,
    flops: 4 * rows * cols,
  });
}
