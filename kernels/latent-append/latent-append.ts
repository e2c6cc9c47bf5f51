// The row that latent attention caches of a token (DeepSeek-V2, arXiv 2405.04434): normed latent values, then the
// rotated key that all heads share; and RoPE on the queries' part that meets the latter. One dispatch.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { type KvShape, kvModules } from '../lib/kv.ts';
import kvPage from '../lib/kv_page.wgsl?raw';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import { words } from '../lib/words.ts';
import main from './latent_append.wgsl?raw';

export interface LatentAppendOptions {
  /** [rows, keyDim] f32: valueDim latent values, then those that RoPE turns in pairs (2i, 2i+1). */
  compressed: Tensor;
  /** [valueDim] f32: weight of the RMS norm over the latent values. */
  weight: Tensor;
  epsilon: number;
  heads: number;
  /** A latent shape. */
  shape: KvShape;
  /** [rows, heads * (plain + rotated)] f32, rotated = keyDim - valueDim. */
  projected: Tensor;
  /** `angleTable` of rope-append/angles.ts for keyDim - valueDim values. */
  angles: Tensor;
  step: Tensor;
  /** [slots, pages a slot] u32. */
  pageTable: Tensor;
  /** The layer's pages. */
  kv: Tensor;
  /** [rows, heads * keyDim] f32: the last `rotated` values of each head are written. */
  q: Tensor;
}

/** Lanes of a workgroup. */
const LANES = 64;

export function latentAppend(rec: Recorder, options: LatentAppendOptions): void {
  const { compressed, weight, epsilon, heads, shape, projected, angles, pageTable, kv, q } = options;
  const { keyDim, valueDim: rank, type } = shape;
  const rows = compressed.shape[0]!;
  const rotated = keyDim - rank;
  const plain = projected.shape[1]! / heads - rotated;
  assert(
    shape.latent === true &&
      shape.kvHeads === 1 &&
      compressed.shape[1] === keyDim &&
      weight.shape[0] === rank,
    `latent-append: rows are not ${keyDim}, or the cache is not a latent one`,
  );
  assert(rank % 8 === 0 && rotated % 8 === 0 && rotated > 0, `latent rows of ${rank} and ${rotated} values`);
  assert(Number.isInteger(plain) && plain >= 0 && plain % 4 === 0, `latent-append: ${plain} plain values`);
  assert(q.shape[1] === heads * keyDim, 'latent-append: shape of q');
  rec.dispatch({
    kernel: defineKernel({
      name: `latent-append ${type}`,
      main,
      modules: { ...kvModules(type), kv_page: kvPage, step },
      conditions: { append: true, latent: true },
      constants: {
        HEADS: heads,
        KV_HEADS: 1,
        KEY_DIM: keyDim,
        VALUE_DIM: rank,
        RANK: rank,
        PLAIN: plain,
        // A q8 lane owns the 32 values of a scale.
        QUADS: type === 'q8' ? 8 : 1,
      },
      bindings: ['write', 'read', 'read', 'read', 'read', 'read', 'read', 'write', 'uniform'],
    }),
    bind: [kv, compressed, weight, angles, options.step, pageTable, projected, q],
    params: words(pageTable.shape[1]!, { f32: epsilon }),
    workgroups: [1 + Math.ceil((heads * rotated) / 4 / LANES), rows],
    bytes: rows * (keyDim * 8 + heads * rotated * 8),
    flops: rows * (rank * 4 + (heads + 1) * rotated * 3),
  });
}
