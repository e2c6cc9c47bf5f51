// RoPE on queries and keys, and the append of keys and values to the paged cache, in one dispatch.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { type KvShape, kvModules } from '../lib/kv.ts';
import kvPage from '../lib/kv_page.wgsl?raw';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import type { Variants } from '../lib/variants.ts';
import { words } from '../lib/words.ts';
import main from './rope_append.wgsl?raw';

export interface RopeAppendOptions {
  /** [rows, heads * keyDim + kvHeads * keyDim + kvHeads * valueDim] f32: queries, keys, values. */
  qkv: Tensor;
  heads: number;
  shape: KvShape;
  /** Leading values of each head that are rotated, a multiple of 4; 0: none. */
  rotated: number;
  /** Pairs are (2i, 2i+1), as GGUF's llama stores them, or (i, i + rotated/2), as Hugging Face does. */
  pairs: 'interleaved' | 'halves';
  /** `angleTable` of rope-append/angles.ts. */
  angles: Tensor;
  step: Tensor;
  /** [slots, pages a slot] u32. */
  pageTable: Tensor;
  /** The layer's pages. */
  kv: Tensor;
  /** [rows, heads * keyDim] f32. */
  q: Tensor;
}

export function ropeAppend(rec: Recorder, options: RopeAppendOptions): void {
  const { qkv, heads, shape, rotated, angles, pageTable, kv, q } = options;
  const { kvHeads, keyDim, valueDim, type } = shape;
  const [rows, stride] = qkv.shape as [number, number];
  assert(stride === (heads + kvHeads) * keyDim + kvHeads * valueDim, `qkv rows of ${stride} values`);
  assert(rotated % 4 === 0 && rotated <= keyDim, `${rotated} rotated of ${keyDim} values a head`);
  assert(keyDim % 8 === 0 && valueDim % 8 === 0, `heads of ${keyDim} and ${valueDim} values`);
  // A q8 thread owns the 32 values of a scale.
  const quads = type === 'q8' ? 8 : 1;
  const all = heads + 2 * kvHeads;
  // A thread of a software adapter takes all heads, for loads of angles cost it more than rotating by them.
  const span = (rec.variants as unknown as Variants).attention === 'thread' ? all : 1;
  rec.dispatch({
    kernel: defineKernel({
      name: `rope-append ${type}`,
      main,
      modules: { ...kvModules(type), kv_page: kvPage, step },
      conditions: {
        append: true,
        interleaved: options.pairs === 'interleaved',
        uneven: options.pairs === 'halves' && rotated % 8 !== 0,
      },
      constants: {
        HEADS: heads,
        KV_HEADS: kvHeads,
        KEY_DIM: keyDim,
        VALUE_DIM: valueDim,
        ROTATED: rotated,
        QUADS: quads,
        SPAN: span,
      },
      bindings: ['write', 'read', 'read', 'read', 'read', 'write', 'uniform'],
    }),
    bind: [kv, qkv, angles, options.step, pageTable, q],
    params: words(pageTable.shape[1]!, stride / 4),
    workgroups: [Math.ceil(Math.max(keyDim, valueDim) / 4 / quads / 32), Math.ceil(all / span), rows],
    bytes: rows * stride * 4 * 2,
    flops: rows * (heads + kvHeads) * rotated * 3,
  });
}
