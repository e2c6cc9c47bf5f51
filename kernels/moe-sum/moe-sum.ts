// Brings the experts of a row together again: their results by their weights, the shared expert's, the residual.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import route from '../lib/route.wgsl?raw';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './moe_sum.wgsl?raw';

export interface MoeSumOptions {
  /** [rows * used, n] f32: slot r * used + i is what the i-th expert of row r made. n a multiple of 4. */
  slots: Tensor;
  /** [rows, used, 2], from moe-route. */
  routes: Tensor;
  /** False where weights were applied before (Llama 4): the results are merely added up. */
  weighted: boolean;
  /** [rows, n], added; with a gate [rows, 1], times its sigmoid (Qwen 2 MoE, arXiv 2407.10671). */
  shared?: { readonly x: Tensor; readonly gate: Tensor | undefined } | undefined;
  /** [rows, n], added last. */
  residual?: Tensor | undefined;
  step: Tensor;
  /** [rows, n] f32. */
  y: Tensor;
}

export function moeSum(rec: Recorder, options: MoeSumOptions): void {
  const { slots, routes, weighted, shared, residual, y } = options;
  const [rows, n] = y.shape as [number, number];
  const used = routes.shape[1]!;
  assert(
    slots.shape[0] === rows * used && slots.shape[1] === n && n % 4 === 0,
    `moe-sum: slots of ${slots.shape.join(' x ')} for y of ${rows} x ${n}`,
  );
  assert(
    [shared?.x, residual].every((more) => !more || (more.shape[0] === rows && more.shape[1] === n)),
    `moe-sum: the shared expert or the residual is not ${rows} x ${n}`,
  );
  assert(!shared?.gate || shared.gate.shape[0] === rows, `moe-sum: ${shared?.gate?.shape[0]} gates`);
  rec.dispatch({
    kernel: defineKernel({
      name: 'moe-sum',
      main,
      modules: { step, route },
      conditions: {
        weighted,
        gated: shared?.gate !== undefined,
        with_shared: shared !== undefined,
        with_residual: residual !== undefined,
      },
      bindings: ['read', 'read', 'read', 'read', 'read', 'read', 'write', 'uniform'],
    }),
    bind: [slots, routes, options.step, residual ?? slots, shared?.x ?? slots, shared?.gate ?? slots, y],
    params: words(n / 4, used),
    workgroups: [Math.ceil(n / 4 / 32), rows],
    bytes: slots.byteLength + y.byteLength * (1 + (shared ? 1 : 0) + (residual ? 1 : 0)),
    flops: (2 * slots.byteLength) / 4,
  });
}
