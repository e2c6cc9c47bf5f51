// From a router's logits to experts and weights: the choice by rank counting, on the GPU, never read back.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import route from '../lib/route.wgsl?raw';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './moe_route.wgsl?raw';

/** How logits become choices and weights. */
export interface Routing {
  /**
   * Scores are the softmax of the logits or their sigmoid; `softmax_chosen` chooses by logits and takes the
   * softmax over the chosen.
   */
  readonly score: 'softmax' | 'sigmoid' | 'softmax_chosen';
  /** Weights are divided by their sum (which those of `softmax_chosen` are anyway). */
  readonly normalised: boolean;
  /** Multiplies the weights at the end. */
  readonly scale: number;
  /**
   * Experts in `count` groups of neighbours; only those of the best `kept` groups are chosen from. A group
   * stands by its best expert (DeepSeek-V2, arXiv 2405.04434) or the sum of its best two (V3, 2412.19437).
   */
  readonly groups?:
    { readonly count: number; readonly kept: number; readonly by: 'best' | 'best_two' } | undefined;
}

export interface MoeRouteOptions extends Routing {
  /** [rows, experts] f32, at most 512 experts. */
  logits: Tensor;
  /** [experts] f32: added to the scores for the choice alone (arXiv 2408.15664). */
  bias?: Tensor | undefined;
  step: Tensor;
  /** [rows, used, 2]: an expert (u32) and its weight (f32), best first. Used at most 32. */
  routes: Tensor;
}

export const MOST_EXPERTS = 512;
export const MOST_USED = 32;

export function moeRoute(rec: Recorder, options: MoeRouteOptions): void {
  const { logits, bias, score, normalised, scale, groups, routes } = options;
  const [rows, experts] = logits.shape as [number, number];
  const used = routes.shape[1]!;
  assert(routes.shape[0] === rows && routes.shape[2] === 2, `moe-route: routes are not [${rows}, used, 2]`);
  assert(experts <= MOST_EXPERTS, `moe-route: ${experts} experts are more than ${MOST_EXPERTS}`);
  assert(used >= 1 && used <= Math.min(experts, MOST_USED), `moe-route: ${used} of ${experts} experts`);
  const count = groups?.count ?? 1;
  assert(experts % count === 0 && count <= 64, `moe-route: ${experts} experts in ${count} groups`);
  const kept = groups?.kept ?? 1;
  assert(kept <= count && (kept * experts) / count >= used, `moe-route: ${used} experts of ${kept} groups`);
  rec.dispatch({
    kernel: defineKernel({
      name: 'moe-route',
      main,
      modules: { step, route },
      conditions: {
        softmax: score === 'softmax',
        sigmoid: score === 'sigmoid',
        softmax_chosen: score === 'softmax_chosen',
        normalised: normalised && score !== 'softmax_chosen',
        biased: bias !== undefined,
        grouped: count > 1,
        best_two: groups?.by === 'best_two',
      },
      constants: { EXPERTS: experts, USED: used, GROUPS: count },
      bindings: ['read', 'read', 'read', 'write', 'uniform'],
    }),
    bind: [logits, bias ?? logits, options.step, routes],
    params: words(kept, { f32: scale }),
    workgroups: [rows],
    bytes: logits.byteLength + routes.byteLength,
    flops: rows * experts * (experts + 8),
  });
}
