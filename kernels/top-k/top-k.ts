// The k best of each row, sorted, ties to the lower id. Two stages: slices of a row, then their merge.
// k = 1 is the argmax of greedy decoding.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import argmax from './argmax.wgsl?raw';
import orderKey from './order_key.wgsl?raw';
import { LANES, MOST_COLUMNS, SLICE, slicesOf } from './slices.ts';
import merge from './top_k_merge.wgsl?raw';
import slice from './top_k_slice.wgsl?raw';

export interface TopKOptions {
  /** [rows, columns] f32, at most 262144 columns. */
  x: Tensor;
  /** [rows, k] u32, k 1..32 (or [rows] for k = 1); 0xffffffff where a row has fewer than k columns. */
  ids: Tensor;
  /** [rows, k] f32; -1e30 where a row has fewer than k columns. Left out, the values are not kept. */
  values?: Tensor;
}

export const MOST_K = 32;

/** Two kernels, one of them small, serve every k: software adapters are slow to compile workgroup memory. */
function roundsFor(k: number): number {
  return k === 1 ? 1 : MOST_K;
}

export function topK(rec: Recorder, options: TopKOptions): void {
  const { x, ids } = options;
  const [rows, columns] = x.shape as [number, number];
  const k = ids.shape[1] ?? 1;
  assert(ids.shape[0] === rows, `top-k: ids have ${ids.shape[0]} rows, x ${rows}`);
  assert(k >= 1 && k <= MOST_K, `top-k: k = ${k} is not in 1..${MOST_K}`);
  assert(columns >= 1 && columns <= MOST_COLUMNS, `top-k: ${columns} columns are not in 1..${MOST_COLUMNS}`);
  const slices = slicesOf(columns);
  const best = rec.scratch('top-k slices', [rows, slices, k, 2]);
  rec.dispatch({
    kernel: defineKernel({
      name: 'top-k-slice',
      main: slice,
      modules: { argmax, order_key: orderKey },
      conditions: { several: k > 1 },
      constants: { LANES, SLICE, ROUNDS: roundsFor(k) },
      bindings: ['read', 'write', 'uniform'],
    }),
    bind: [x, best],
    params: new Uint32Array([columns, slices, k, 0]),
    workgroups: [slices, rows],
    bytes: x.byteLength + best.byteLength,
    flops: rows * columns,
  });
  mergeBest(rec, best, ids, options.values);
}

/**
 * Merges `best`, [rows, slices, k, 2] u32 of (order key, id) sorted within each slice, into the k best
 * of each row. The value of an entry is what its key stands for.
 */
export function mergeBest(rec: Recorder, best: Tensor, ids: Tensor, values?: Tensor): void {
  const [rows, slices, k] = best.shape as [number, number, number];
  const kept = values ?? rec.scratch('top-k values', [rows, k]);
  assert(kept.shape[0] === rows && (kept.shape[1] ?? 1) === k, `top-k: values are not [${rows}, ${k}]`);
  rec.dispatch({
    kernel: defineKernel({
      name: 'top-k-merge',
      main: merge,
      modules: { argmax, order_key: orderKey },
      constants: { LANES, ROUNDS: roundsFor(k) },
      bindings: ['read', 'write', 'write', 'uniform'],
    }),
    bind: [best, ids, kept],
    params: new Uint32Array([slices, k, 0, 0]),
    workgroups: [rows],
    bytes: best.byteLength + rows * k * 8,
    flops: rows * slices * k,
  });
}
