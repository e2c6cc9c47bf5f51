// Chooses each row's next token: temperature, top-k, top-p, min-p (Hugging Face's order), then a seeded
// draw. Exact over the whole vocabulary without sorting it. Definitions:
//   - order: the higher score first, ties to the lower id;
//   - top-k keeps the first k;
//   - top-p keeps the smallest beginning of these whose softmax mass, among these, is at least p; never none;
//   - min-p keeps those with at least minP times the probability of the first.
// Tokens more than 32 nats below the best (e^-32 of its probability) are never drawn where a row uses top-k
// or top-p. A row with temperature 0 gets its best token.

import type { Kernel, Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import argmax from '../top-k/argmax.wgsl?raw';
import orderKey from '../top-k/order_key.wgsl?raw';
import { LANES, MOST_COLUMNS, SLICE, slicesOf } from '../top-k/slices.ts';
import { mergeBest } from '../top-k/top-k.ts';
import bins from './bins.wgsl?raw';
import all from './draw_all.wgsl?raw';
import finish from './draw_finish.wgsl?raw';
import histogram from './draw_histogram.wgsl?raw';
import judge from './draw_judge.wgsl?raw';
import max from './draw_max.wgsl?raw';
import sift from './draw_sift.wgsl?raw';
import gumbel from './gumbel.wgsl?raw';
import sampler from './sampler.wgsl?raw';
import { SAMPLER_WORDS } from './sampler.ts';
import threshold from './threshold.wgsl?raw';

export interface DrawOptions {
  /** [rows, columns] f32, at most 262144 columns. */
  scores: Tensor;
  /** [slots, 16] words of `samplerWords`. */
  samplers: Tensor;
  /** The rows' slots and positions; the draw depends on the seed and the position. Ids of rows beyond the live ones are none. */
  step: Tensor;
  /** [rows] u32. */
  ids: Tensor;
  /** Whether a row may use top-k, top-p or min-p; without, two dispatches do instead of five. */
  filters: boolean;
}

/** Words of a row of the work buffer: WORK_STRIDE of bins.wgsl. */
const WORK_STRIDE = 784;

export function draw(rec: Recorder, options: DrawOptions): void {
  const { scores, samplers, ids } = options;
  const [rows, columns] = scores.shape as [number, number];
  assert(columns >= 1 && columns <= MOST_COLUMNS, `draw: ${columns} columns are not in 1..${MOST_COLUMNS}`);
  assert(samplers.shape[1] === SAMPLER_WORDS, `draw: samplers are not [slots, ${SAMPLER_WORDS}]`);
  assert(ids.shape[0] === rows, `draw: ${ids.shape[0]} ids for ${rows} rows`);
  if (options.filters) drawFiltered(rec, options, rows, columns);
  else drawAll(rec, options, rows, columns);
}

function drawAll(rec: Recorder, options: DrawOptions, rows: number, columns: number): void {
  const { scores, samplers, ids } = options;
  const slices = slicesOf(columns);
  const best = rec.scratch('drawn slices', [rows, slices, 1, 2]);
  rec.dispatch({
    kernel: kernelOf('draw-all', all, ['read', 'read', 'read', 'write', 'uniform']),
    bind: [scores, samplers, options.step, best],
    params: new Uint32Array([columns, slices, 0, 0]),
    workgroups: [slices, rows],
    bytes: scores.byteLength + best.byteLength,
    flops: rows * columns * 40,
  });
  mergeBest(rec, best, ids);
}

function drawFiltered(rec: Recorder, options: DrawOptions, rows: number, columns: number): void {
  const { scores, samplers, ids } = options;
  const slices = slicesOf(columns);
  const best = rec.scratch('drawn slices', [rows, slices, 2, 2]);
  const work = rec.scratch('draw bins', [rows, WORK_STRIDE]);
  const list = rec.scratch('draw list', [rows, columns]);
  const params = new Uint32Array([columns, slices, 0, 0]);
  const bytes = scores.byteLength + best.byteLength;
  rec.dispatch({
    kernel: kernelOf('draw-max', max, ['read', 'read', 'write', 'write', 'uniform']),
    bind: [scores, options.step, best, work],
    params,
    workgroups: [slices, rows],
    bytes: bytes + work.byteLength,
    flops: rows * columns,
  });
  rec.dispatch({
    kernel: kernelOf('draw-histogram', histogram, ['read', 'read', 'read', 'read', 'write', 'uniform']),
    bind: [scores, samplers, options.step, best, work],
    params,
    workgroups: [slices, rows],
    bytes: bytes + work.byteLength,
    flops: rows * columns * 8,
  });
  rec.dispatch({
    kernel: kernelOf('draw-judge', judge, ['read', 'read', 'read', 'write', 'uniform']),
    bind: [samplers, options.step, best, work],
    params,
    workgroups: [rows],
    bytes: best.byteLength + work.byteLength,
    flops: rows * WORK_STRIDE * 8,
  });
  rec.dispatch({
    kernel: kernelOf('draw-sift', sift, ['read', 'read', 'read', 'write', 'write', 'write', 'uniform']),
    bind: [scores, samplers, options.step, best, work, list],
    params,
    workgroups: [slices, rows],
    bytes: bytes + work.byteLength,
    flops: rows * columns * 40,
  });
  rec.dispatch({
    kernel: kernelOf('draw-finish', finish, [
      'read',
      'read',
      'read',
      'read',
      'read',
      'read',
      'write',
      'uniform',
    ]),
    bind: [scores, samplers, options.step, best, work, list, ids],
    params,
    workgroups: [rows],
    // How much is listed depends on the scores: one bin of a few hundred tokens is common.
    bytes: best.byteLength + rows * 4096,
    flops: rows * 65536,
  });
}

function kernelOf(name: string, main: string, bindings: Kernel['bindings']): Kernel {
  return defineKernel({
    name,
    main,
    modules: { argmax, bins, gumbel, order_key: orderKey, sampler, step, threshold },
    constants: { LANES, SLICE, ROUNDS: 2 },
    bindings,
  });
}
