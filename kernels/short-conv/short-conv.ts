// The short convolution of LFM2 (arXiv 2511.23404): a causal convolution over the last few tokens, each channel on
// its own, gated on both sides. What it remembers of earlier tokens lies in the cache's pages like keys and values,
// so that whatever a sequence does (fork, step back, begin again from a prefix) holds for it too.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { type KvShape, kvModules } from '../lib/kv.ts';
import kvPage from '../lib/kv_page.wgsl?raw';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './short_conv.wgsl?raw';
import gate from './short_conv_gate.wgsl?raw';

export interface ShortConvGateOptions {
  /** [rows, 3 * dim] f32: B, C, u; dim a multiple of 4. */
  x: Tensor;
  step: Tensor;
  /** [rows, 2 * dim] f32: C, then B * u, as `ropeAppend` takes queries, keys and values. */
  y: Tensor;
}

export function shortConvGate(rec: Recorder, { x, step: stepTensor, y }: ShortConvGateOptions): void {
  const [rows, width] = x.shape as [number, number];
  const dim = width / 3;
  assert(dim % 4 === 0 && y.shape[1] === 2 * dim, `short convolution of ${dim} channels`);
  rec.dispatch({
    kernel: defineKernel({
      name: 'short-conv-gate',
      main: gate,
      modules: { step },
      bindings: ['read', 'read', 'write', 'uniform'],
    }),
    bind: [x, stepTensor, y],
    params: words(dim / 4),
    workgroups: [Math.ceil(dim / 4 / 32), rows],
    bytes: rows * dim * 20,
    flops: rows * dim,
  });
}

export interface ShortConvOptions {
  /** [rows, dim] f32, which gates the result. */
  c: Tensor;
  /** [dim * length] f32: a row for each channel, the earliest token first. */
  weight: Tensor;
  /** Tokens that a result is made of, its own the last. */
  length: number;
  /** [dim] f32. */
  bias?: Tensor | undefined;
  /** Half the channels are keys, half values, so that keyDim = valueDim; their rows are appended already. */
  shape: KvShape;
  step: Tensor;
  /** [slots, pages a slot] u32. */
  pageTable: Tensor;
  /** The layer's pages. */
  kv: Tensor;
  /** [rows, dim] f32. */
  y: Tensor;
}

export function shortConv(rec: Recorder, options: ShortConvOptions): void {
  const { c, weight, length, bias, shape, pageTable, kv, y } = options;
  const { kvHeads, keyDim, valueDim, type } = shape;
  const [rows, dim] = c.shape as [number, number];
  assert(
    keyDim === valueDim && 2 * kvHeads * keyDim === dim,
    `short convolution: ${dim} channels in the cache`,
  );
  assert(weight.shape[0] === dim * length && length > 0, `short convolution of ${length} tokens`);
  rec.dispatch({
    kernel: defineKernel({
      name: `short-conv ${type}`,
      main,
      modules: { ...kvModules(type), kv_page: kvPage, step },
      conditions: { bias: bias !== undefined },
      constants: { KV_HEADS: kvHeads, KEY_DIM: keyDim, VALUE_DIM: valueDim, LENGTH: length },
      bindings: ['read', 'read', 'read', 'read', 'read', 'read', 'write', 'uniform'],
    }),
    bind: [kv, c, weight, bias ?? c, options.step, pageTable, y],
    params: words(pageTable.shape[1]!),
    workgroups: [Math.ceil(dim / 4 / 32), rows],
    bytes: rows * dim * 4 * (length + 2),
    flops: rows * dim * (2 * length + 1),
  });
}
