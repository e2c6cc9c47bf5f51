// Causal attention over the paged cache: y = softmax(q kᵀ * scale) v for each row and head, grouped-query
// heads sharing a KV head. A window or chunk bounds the keys that are read, it does not mask them. Long contexts are cut into splits that are computed side by side and joined.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { type KvShape, kvModules, pageBytes, PAGE_TOKENS } from '../lib/kv.ts';
import kvPage from '../lib/kv_page.wgsl?raw';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import type { Variants } from '../lib/variants.ts';
import { words } from '../lib/words.ts';
import io from './attention_io.wgsl?raw';
import latentTile from './attention_latent.wgsl?raw';
import quad from './attention_quad.wgsl?raw';
import reduce from './attention_reduce.wgsl?raw';
import thread from './attention_thread.wgsl?raw';
import tile from './attention_tile.wgsl?raw';

/** A window of so many keys, the row's own among them, or the chunk of so many positions that it lies in. */
export type Reach = { readonly kind: 'window' | 'chunk'; readonly tokens: number };

export interface AttentionOptions {
  /** [rows, heads * keyDim] f32, rotated. */
  q: Tensor;
  heads: number;
  shape: KvShape;
  /** Multiplies the scores, usually keyDim^-1/2. */
  scale: number;
  /** True: the rows are consecutive tokens of one sequence. False: each row is a sequence of its own. */
  oneSequence: boolean;
  /** Which earlier keys a row sees; default all. */
  reach?: Reach | undefined;
  /** Scores become cap * tanh(score / cap) (Gemma 2). */
  softcap?: number | undefined;
  /** [heads] f32: a score without a value for each head (arXiv 2309.17453). */
  sinks?: Tensor | undefined;
  /** [heads] f32: added times (key - position) (ALiBi, arXiv 2108.12409). Not together with sinks. */
  slopes?: Tensor | undefined;
  /** No row's position is at or beyond it. */
  keys: number;
  /** Keys a split covers; default by the number of keys. Rounded up to pages. */
  splitKeys?: number;
  step: Tensor;
  pageTable: Tensor;
  kv: Tensor;
  /** [rows, heads * valueDim] f32. */
  y: Tensor;
}

/** Threads of a workgroup of the thread form. */
const THREADS = 4;

const MAINS = { thread, quad, tile, latent: latentTile };

export function attention(rec: Recorder, options: AttentionOptions): void {
  const { q, heads, shape, scale, oneSequence, keys, kv, pageTable, y } = options;
  const { kvHeads, keyDim, valueDim, type, latent = false } = shape;
  const rows = q.shape[0]!;
  const variants = rec.variants as unknown as Variants;
  assert(q.shape[1] === heads * keyDim && y.shape[1] === heads * valueDim, 'attention: shapes of q or y');
  assert(heads % kvHeads === 0, `${heads} heads over ${kvHeads} KV heads`);
  const { reach, softcap, sinks, slopes } = options;
  const perHeadScores = sinks ?? slopes;
  assert(!(sinks && slopes), 'attention: sinks and slopes share a binding');
  assert(!reach || reach.tokens > 0, 'attention: a reach of no tokens');
  assert(
    !latent || (kvHeads === 1 && valueDim <= keyDim && !(reach ?? softcap ?? perHeadScores)),
    'attention: latent rows serve one KV head, with plain causal scores',
  );
  const perHead = perHeadScores ?? q;
  // A row of its own sequence sees its reach only, from some place in a page on: splits divide that.
  const fromReach = reach !== undefined && !oneSequence;
  const span = fromReach ? Math.min(keys, reach.tokens + PAGE_TOKENS - 1) : keys;
  const tiled = variants.attention === 'tile';
  const form = tiled ? (latent ? 'latent' : 'tile') : variants.subgroups === 'on' ? 'quad' : 'thread';
  const splitKeys =
    Math.ceil((options.splitKeys ?? defaultSplit(span, oneSequence, heads / kvHeads, form)) / PAGE_TOKENS) *
    PAGE_TOKENS;
  const splits = Math.ceil(span / splitKeys);
  const seen = Math.min(keys, reach?.tokens ?? keys);
  const sums = splits === 1 ? y : rec.scratch('attention.sums', [rows, heads * splits * valueDim]);
  const stats = rec.scratch('attention.stats', [rows, heads * splits * 2]);
  const sequenceRows = oneSequence ? rows : 1;
  assert(!latent || !tiled || valueDim <= 512, `attention: latent values of ${valueDim} exceed 512`);
  // Queries of a thread, a quad or a workgroup, rows and the heads of a KV head together. Two rows of them in workgroup memory at
  // head size 256 still fit 16 KiB.
  const queries = !tiled ? 4 : keyDim > 128 && !latent ? 8 : 16;
  const blocks = Math.ceil((sequenceRows * (heads / kvHeads)) / queries);
  const sequences = rows / sequenceRows;
  rec.dispatch({
    kernel: defineKernel({
      name: `attention-${form} ${type}`,
      main: MAINS[form],
      modules: { ...kvModules(type), kv_page: kvPage, attention_io: io, step },
      conditions: {
        latent,
        window: reach?.kind === 'window',
        chunk: reach?.kind === 'chunk',
        from_reach: fromReach,
        softcap: softcap !== undefined,
        sinks: sinks !== undefined,
        alibi: slopes !== undefined,
      },
      constants: {
        HEADS: heads,
        KV_HEADS: kvHeads,
        KEY_DIM: keyDim,
        VALUE_DIM: valueDim,
        ...(form === 'tile' && { QUERIES: queries }),
      },
      bindings: ['read', 'read', 'read', 'read', 'write', 'write', 'read', 'uniform'],
    }),
    bind: [kv, q, options.step, pageTable, sums, stats, perHead],
    params: words(
      pageTable.shape[1]!,
      sequenceRows,
      rows,
      splits,
      splitKeys,
      { f32: scale },
      reach?.tokens ?? 0,
      { f32: softcap ?? 0 },
    ),
    workgroups: tiled
      ? [blocks, kvHeads, sequences * splits]
      : [Math.ceil((blocks * splits) / (form === 'thread' ? THREADS : 1)), kvHeads, sequences],
    bytes: ((oneSequence ? 1 : rows) * seen * pageBytes(shape)) / PAGE_TOKENS,
    flops: 2 * rows * seen * heads * (keyDim + valueDim),
  });
  if (splits === 1) return;
  rec.dispatch({
    kernel: defineKernel({
      name: 'attention-reduce',
      main: reduce,
      modules: { step },
      conditions: { sinks: sinks !== undefined },
      constants: { HEADS: heads, VALUE_DIM: valueDim },
      bindings: ['read', 'read', 'read', 'write', 'read', 'uniform'],
    }),
    bind: [sums, stats, options.step, y, perHead],
    params: words(splits),
    workgroups: [Math.ceil(valueDim / 4 / 16), heads, rows],
    bytes: sums.byteLength + y.byteLength,
    flops: rows * heads * splits * valueDim * 2,
  });
}

/** Decode wants many splits, so that few heads still fill the machine; prefill has rows enough. */
function defaultSplit(
  keys: number,
  oneSequence: boolean,
  headsPerKv: number,
  form: keyof typeof MAINS,
): number {
  if (oneSequence) return keys;
  // Where many heads share a KV head there are workgroups enough, and each split writes all their sums. Processors that
  // take quads are few.
  const splits = form === 'quad' ? 16 : headsPerKv > 16 ? 32 : 64;
  return Math.max(64, Math.ceil(keys / splits));
}
