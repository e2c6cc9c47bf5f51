// What an adapter can do at most, by kernels that do nothing else: the lines of a roofline (Williams et al., 2009).

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import { words } from '../lib/words.ts';
import copyMain from './copy.wgsl?raw';
import turnMain from './turn.wgsl?raw';

const THREADS = 64;

/** y = x; both the same size, a multiple of 16 bytes. */
export function probeCopy(rec: Recorder, { x, y }: { x: Tensor; y: Tensor }): void {
  assert(x.byteLength === y.byteLength && x.byteLength % 16 === 0, `copy of ${x.byteLength} bytes`);
  const quads = x.byteLength / 16;
  const groups = Math.ceil(quads / THREADS);
  const across = Math.min(groups, 32_768);
  rec.dispatch({
    kernel: defineKernel({ name: 'probe-copy', main: copyMain, bindings: ['read', 'write', 'uniform'] }),
    bind: [x, y],
    params: words(quads, across * THREADS),
    workgroups: [across, Math.ceil(groups / across)],
    bytes: 2 * x.byteLength,
    flops: 0,
  });
}

/**
 * `x`: [5, 4] f32, the rows of a matrix and a vector. `y`: [threads, 4] f32, threads a multiple of 64; see turnRef.
 */
export function probeTurn(rec: Recorder, { x, y, rounds }: { x: Tensor; y: Tensor; rounds: number }): void {
  const threads = y.shape[0]!;
  assert(x.byteLength === 80 && threads % THREADS === 0, `turn of ${threads} threads`);
  rec.dispatch({
    kernel: defineKernel({ name: 'probe-turn', main: turnMain, bindings: ['read', 'write', 'uniform'] }),
    bind: [x, y],
    params: words(rounds),
    workgroups: [threads / THREADS],
    bytes: y.byteLength,
    flops: threads * rounds * 4 * 16 * 2,
  });
}
