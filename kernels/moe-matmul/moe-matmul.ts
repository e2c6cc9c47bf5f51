// A projection of each slot (a row's n-th expert) by that expert's matrix: y[slot] = W[expert of slot] x. Few
// slots are gathered one by one; many go sorted by expert, so that a matrix is decoded once for a tile of them.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import type { Activation } from '../glu/glu.ts';
import activationSource from '../lib/activation.wgsl?raw';
import type { ExpertWeight } from '../lib/expert-weight.ts';
import { defineKernel } from '../lib/link.ts';
import reduce from '../lib/reduce.wgsl?raw';
import route from '../lib/route.wgsl?raw';
import step from '../lib/step.wgsl?raw';
import type { Variants } from '../lib/variants.ts';
import { words } from '../lib/words.ts';
import xGroup from '../lib/x_group.wgsl?raw';
import type { Sorted } from '../moe-sort/moe-sort.ts';
import { threadConditions, weightModules } from '../quant/index.ts';
import io from './moe_io.wgsl?raw';
import thread from './moe_matmul_thread.wgsl?raw';
import threadSorted from './moe_matmul_thread_sorted.wgsl?raw';
import tile from './moe_matmul_tile.wgsl?raw';
import workgroup from './moe_matmul_workgroup.wgsl?raw';

/** `clamped`: g sigmoid(1.702 g) (u + 1), g at most the limit, u within it (gpt-oss, arXiv 2508.10925). */
export type ExpertActivation = Activation | 'clamped';

export interface MoeMatmulOptions {
  weight: ExpertWeight;
  /** [rows or slots, K] f32: a row for each of the step's rows, or for each slot. */
  x: Tensor;
  /** [slots, outputs] f32, slots = rows * used. */
  y: Tensor;
  /** [rows, used, 2], from moe-route. */
  routes: Tensor;
  /** The routes sorted; left out, slots are gathered. Its height is what `sortedHeight` says. */
  sorted?: Sorted | undefined;
  step: Tensor;
  /** [experts, rows of an expert] f32, added first. */
  bias?: Tensor | undefined;
  /**
   * `fused`: the weight is gate above up, y = activation(gate) * up. `onto`: y holds the gate and becomes
   * activation(y) * (W x).
   */
  gate?:
    | { readonly kind: 'fused' | 'onto'; readonly activation: ExpertActivation; readonly limit?: number }
    | undefined;
}

/** Slots that a thread takes one after the other. */
const THREAD_SLOTS = 8;

/** Slots a tile of the sorted form has at most. */
export function sortedHeight(rec: Recorder): number {
  return rec.variants['gemm'] === 'thread' ? THREAD_SLOTS : 32;
}

export function moeMatmul(rec: Recorder, options: MoeMatmulOptions): void {
  const { weight, x, y, routes, sorted, bias, gate } = options;
  const [rows, used] = routes.shape as [number, number];
  const slots = rows * used;
  const variants = rec.variants as unknown as Variants;
  const glu = gate?.kind === 'fused';
  const outputs = glu ? weight.rows / 2 : weight.rows;
  const { cols, dtype, name } = weight;
  const fits = x.shape[0] === rows || x.shape[0] === slots;
  assert(
    fits && x.shape[1] === cols && y.shape[0] === slots && y.shape[1] === outputs,
    `${name}: x [${x.shape}], y [${y.shape}], weight [${outputs},${cols}]`,
  );
  assert(!sorted || sorted.height === sortedHeight(rec), `${name}: tiles of ${sorted?.height} slots`);
  const form = pick(variants, sorted !== undefined);
  const kernel = defineKernel({
    name: `moe-matmul-${form.name} ${dtype.name}`,
    main: form.main,
    modules: {
      ...weightModules(dtype),
      moe_io: io,
      x_group: xGroup,
      activation: activationSource,
      step,
      route,
      reduce,
    },
    conditions: {
      glu,
      onto: gate?.kind === 'onto',
      [gate?.activation ?? 'silu']: true,
      addend: bias !== undefined,
      sorted: sorted !== undefined,
      tail: cols % 32 !== 0,
      ...(form.name.startsWith('thread')
        ? threadConditions(variants, dtype, !sorted)
        : { subgroups: variants.subgroups === 'on' }),
    },
    constants: { TOKENS: THREAD_SLOTS },
    bindings: ['read', 'read', 'read', 'write', 'read', 'read', 'read', 'uniform'],
  });
  for (const part of weight.parts) {
    const { quants, scales } = part.weight.parts[0]!;
    rec.dispatch({
      kernel,
      bind: [quants, scales, x, y, sorted?.tiles ?? options.step, sorted?.order ?? routes, bias ?? x],
      params: words(
        outputs,
        weight.rows,
        Math.ceil(cols / 32),
        cols / 4,
        part.weight.quantsStride,
        part.weight.scalesStride,
        used,
        x.shape[0] === slots ? 1 : used,
        part.firstExpert,
        part.experts,
        { f32: gate?.limit ?? 7 },
        0,
      ),
      workgroups: [Math.ceil(weight.rows / form.outputs), sorted ? sorted.tiles.shape[0]! - 1 : slots],
      bytes:
        (Math.min(slots, part.experts) * part.weight.byteLength) / part.experts + x.byteLength + y.byteLength,
      flops: (2 * slots * weight.rows * cols * part.experts) / weight.experts,
    });
  }
}

/** `outputs`: weight rows that a workgroup covers. */
function pick(variants: Variants, sorted: boolean): { name: string; main: string; outputs: number } {
  if ((sorted ? variants.gemm : variants.gemv) === 'thread') {
    return sorted
      ? { name: 'thread-sorted', main: threadSorted, outputs: 64 }
      : { name: 'thread', main: thread, outputs: 64 };
  }
  return sorted
    ? { name: 'tile', main: tile, outputs: 64 }
    : { name: 'workgroup', main: workgroup, outputs: 4 };
}
