// Slots by expert, in tiles of one expert each, for the grouped matmul of prefill. All on the GPU: the grid of
// what follows is the worst case, and workgroups beyond the last tile leave at once.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import route from '../lib/route.wgsl?raw';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './moe_sort.wgsl?raw';

export interface MoeSortOptions extends Sorted {
  /** [rows, used, 2]. Slot r * used + n is the n-th expert of row r. */
  routes: Tensor;
  experts: number;
  step: Tensor;
}

export interface Sorted {
  /** [1 + mostTiles, 4] u32: the number of tiles; then expert, first place in `order`, slots. */
  readonly tiles: Tensor;
  /** [rows * used] u32: slots by expert. */
  readonly order: Tensor;
  /** Most slots of a tile. */
  readonly height: number;
}

/** No more tiles than this can be needed. */
export function mostTiles(slots: number, experts: number, height: number): number {
  return Math.ceil(slots / height) + Math.min(experts, slots);
}

export function moeSort(rec: Recorder, options: MoeSortOptions): void {
  const { routes, experts, tiles, order, height } = options;
  const [rows, used] = routes.shape as [number, number];
  const slots = rows * used;
  assert(
    height >= 1 && tiles.shape[0] === 1 + mostTiles(slots, experts, height),
    `moe-sort: ${tiles.shape[0]} tiles for ${slots} slots of ${experts} experts`,
  );
  assert(order.shape[0] === slots, `moe-sort: an order of ${order.shape[0]} for ${slots} slots`);
  rec.dispatch({
    kernel: defineKernel({
      name: 'moe-sort',
      main,
      modules: { step, route },
      constants: { EXPERTS: experts, HEIGHT: height },
      bindings: ['read', 'read', 'write', 'write', 'uniform'],
    }),
    bind: [routes, options.step, tiles, order],
    params: words(used),
    workgroups: [1],
    bytes: routes.byteLength * 2 + tiles.byteLength + order.byteLength,
    flops: 0,
  });
}
