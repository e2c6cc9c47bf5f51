// Attention temperature by position, as Llama 4 has it in its layers without RoPE (arXiv 2501.19399): far along a
// text, queries are lengthened, so that the softmax over many keys stays sharp.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './temper.wgsl?raw';

export interface Temperature {
  /** Queries grow by `scale * log(1 + floor((position + 1) / length))`; length in tokens, a whole number. */
  readonly length: number;
  readonly scale: number;
}

export interface TemperOptions extends Temperature {
  /** [rows, stride] f32: the first `count` values of each row are queries. Multiples of 4. */
  x: Tensor;
  count: number;
  step: Tensor;
}

export function temper(rec: Recorder, { x, count, length, scale, step: stepTensor }: TemperOptions): void {
  const [rows, stride] = x.shape as [number, number];
  assert(count % 4 === 0 && stride % 4 === 0 && count <= stride, `temper: ${count} of ${stride} values`);
  assert(Number.isInteger(length) && length > 0, `temper: a length of ${length} tokens`);
  rec.dispatch({
    kernel: defineKernel({
      name: 'temper',
      main,
      modules: { step },
      bindings: ['write', 'read', 'uniform'],
    }),
    bind: [x, stepTensor],
    params: words(stride / 4, count / 4, { f32: length }, { f32: scale }),
    workgroups: [Math.ceil(count / 4 / 64), rows],
    bytes: rows * count * 8,
    flops: rows * count,
  });
}
