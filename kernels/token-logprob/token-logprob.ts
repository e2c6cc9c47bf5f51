// The log-softmax of each row at one id: logprobs of chosen tokens, and perplexity over prefill rows.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import { SLICE, slicesOf } from '../top-k/slices.ts';
import sumExp from './sum_exp.wgsl?raw';
import merge from './token_logprob_merge.wgsl?raw';
import slice from './token_logprob_slice.wgsl?raw';

export interface TokenLogprobOptions {
  /** [rows, columns] f32, raw. */
  logits: Tensor;
  /** [rows] u32; an id that is no column gives -1e30. */
  targets: Tensor;
  /** [rows] f32, nats. */
  logprobs: Tensor;
  /**
   * [rows, 2] f32: the largest logit, and ln Σ exp(logit - largest). Another token's logprob is
   * (logit - first) - second; their sum is the logsumexp.
   */
  norms: Tensor;
}

/** Fewer than top-k's: prefill has many rows, and its workgroups keep a pair of floats a lane. */
const LANES = 64;

export function tokenLogprob(rec: Recorder, options: TokenLogprobOptions): void {
  const { logits, targets, logprobs, norms } = options;
  const [rows, columns] = logits.shape as [number, number];
  assert(targets.shape[0] === rows, `token-logprob: ${targets.shape[0]} targets for ${rows} rows`);
  assert(logprobs.shape[0] === rows, `token-logprob: ${logprobs.shape[0]} logprobs for ${rows} rows`);
  assert(norms.shape[0] === rows && norms.shape[1] === 2, `token-logprob: norms are not [${rows}, 2]`);
  const slices = slicesOf(columns);
  const parts = rec.scratch('logprob slices', [rows, slices, 2]);
  const params = new Uint32Array([columns, slices, 0, 0]);
  rec.dispatch({
    kernel: defineKernel({
      name: 'token-logprob-slice',
      main: slice,
      modules: { sum_exp: sumExp },
      constants: { LANES, SLICE },
      bindings: ['read', 'write', 'uniform'],
    }),
    bind: [logits, parts],
    params,
    workgroups: [slices, rows],
    bytes: logits.byteLength + parts.byteLength,
    flops: rows * columns * 3,
  });
  rec.dispatch({
    kernel: defineKernel({
      name: 'token-logprob-merge',
      main: merge,
      modules: { sum_exp: sumExp },
      constants: { LANES },
      bindings: ['read', 'read', 'read', 'write', 'write', 'uniform'],
    }),
    bind: [logits, parts, targets, logprobs, norms],
    params,
    workgroups: [rows],
    bytes: parts.byteLength + rows * 20,
    flops: rows * slices * 4,
  });
}
