// The inputs of a row's experts where the router weighs what goes in (Llama 4), not what comes out.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import route from '../lib/route.wgsl?raw';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './moe_spread.wgsl?raw';

export interface MoeSpreadOptions {
  /** [rows, n] f32, n a multiple of 4. */
  x: Tensor;
  /** [rows, used, 2], from moe-route. */
  routes: Tensor;
  step: Tensor;
  /** [rows * used, n] f32: slot r * used + i is row r times the weight of its i-th expert. */
  y: Tensor;
}

export function moeSpread(rec: Recorder, { x, routes, step: stepTensor, y }: MoeSpreadOptions): void {
  const [rows, n] = x.shape as [number, number];
  const used = routes.shape[1]!;
  const slots = rows * used;
  assert(n % 4 === 0 && y.shape[0] === slots && y.shape[1] === n, `moe-spread: y is not [${slots}, ${n}]`);
  rec.dispatch({
    kernel: defineKernel({
      name: 'moe-spread',
      main,
      modules: { step, route },
      bindings: ['read', 'read', 'read', 'write', 'uniform'],
    }),
    bind: [x, routes, stepTensor, y],
    params: words(n / 4, used),
    workgroups: [Math.ceil(n / 4 / 64), slots],
    bytes: slots * n * 8,
    flops: slots * n,
  });
}
