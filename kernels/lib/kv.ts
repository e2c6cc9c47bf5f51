// How keys and values lie in the cache: pages of 32 tokens, in one of three types. A layer's buffer is
// [page][KV head][32 K rows, 32 V rows], or K rows alone where values are views of them; which page holds which tokens stands in the page table,
// [slot][pages a sequence], u32.

import type { KvType } from '@quern/spec';
import kvBindings from './kv_bindings.wgsl?raw';
import kvF16 from './kv_f16.wgsl?raw';
import kvF32 from './kv_f32.wgsl?raw';
import kvQ8 from './kv_q8.wgsl?raw';

/** Tokens a page: attention tiles are multiples or divisors of it. */
export const PAGE_TOKENS = 32;

export interface KvShape {
  readonly type: KvType;
  readonly kvHeads: number;
  /** Values of a key and of a value, each a multiple of 8. */
  readonly keyDim: number;
  readonly valueDim: number;
  /** A row is a key whose first `valueDim` values are the value (multi-head latent attention); one KV head. */
  readonly latent?: boolean;
}

const SOURCES: Record<KvType, string> = { f32: kvF32, f16: kvF16, q8: kvQ8 };

export function kvModules(type: KvType): Record<string, string> {
  return { kv: SOURCES[type], kv_bindings: kvBindings };
}

/** Words of one row of `dim` values. */
function rowWords(type: KvType, dim: number): number {
  if (type === 'f32') return dim;
  return type === 'f16' ? dim / 2 : dim / 4 + Math.ceil(dim / 32);
}

/** Bytes that a page takes in one layer. */
export function pageBytes({ type, kvHeads, keyDim, valueDim, latent = false }: KvShape): number {
  const values = latent ? 0 : rowWords(type, valueDim);
  return kvHeads * PAGE_TOKENS * (rowWords(type, keyDim) + values) * 4;
}
