// Layers that see equally far back form a group of the KV cache, with a page table and a pool of pages of their
// own: those that see all need pages for the whole context, those with a window or a chunk only for what some
// row can still reach. Plain data, no GPU. Why: docs/decisions/cache-groups.md.

import { PAGE_TOKENS, pageBytes, type Reach } from '@quern/kernels';
import type { ModelConfig } from '@quern/models';
import type { KvGroupInfo, KvType } from '@quern/spec';

export interface CacheGroup {
  /** undefined: every earlier token. */
  readonly reach: Reach | undefined;
  readonly layers: readonly number[];
  /** Pages that one sequence holds at most; also the pool's. */
  readonly pages: number;
}

/**
 * Tokens that a sequence can step back without computing anything again: the steps beyond a stop, and a chat
 * template that words the end of a turn otherwise than the model did.
 */
export const REWIND = PAGE_TOKENS;

/** The first position that a row at `position` reads; `position` itself if it reads no earlier one. */
export function firstSeen(reach: Reach | undefined, position: number): number {
  if (!reach) return 0;
  if (reach.kind === 'chunk') return position - (position % reach.tokens);
  return Math.max(0, position + 1 - reach.tokens);
}

/**
 * Pages that a sequence of a context may hold at once. With a reach of n tokens, a chunk of `rows` tokens reads
 * and writes n - 1 + REWIND + rows consecutive ones at most, which may begin anywhere in a page.
 */
function mostPages(reach: Reach | undefined, contextLength: number, rows: number): number {
  const whole = Math.ceil(contextLength / PAGE_TOKENS);
  if (!reach) return whole;
  const tokens = reach.tokens - 1 + REWIND + rows;
  return Math.min(whole, Math.ceil((tokens - 1) / PAGE_TOKENS) + 1);
}

/**
 * The groups of a model's layers, in the order of their first layers. A reach that spans the context anyway is
 * no reach. `rows`: most tokens that a step computes.
 */
export function cacheGroups(
  config: Pick<ModelConfig, 'cache' | 'reach'>,
  contextLength: number,
  rows: number,
): CacheGroup[] {
  const whole = mostPages(undefined, contextLength, rows);
  const groups = new Map<string, { reach: Reach | undefined; layers: number[]; pages: number }>();
  config.cache.forEach((_, layer) => {
    const own = config.reach?.(layer);
    const pages = mostPages(own, contextLength, rows);
    const reach = pages < whole ? own : undefined;
    const key = reach ? `${reach.kind} ${reach.tokens}` : 'all';
    const group = groups.get(key);
    if (group) group.layers.push(layer);
    else groups.set(key, { reach, layers: [layer], pages });
  });
  return [...groups.values()];
}

/** What each group takes. */
export function describeGroups(
  groups: readonly CacheGroup[],
  config: Pick<ModelConfig, 'cache'>,
  type: KvType,
): KvGroupInfo[] {
  return groups.map(({ reach, layers, pages }) => ({
    reach: reach?.kind ?? 'all',
    ...(reach && { reachTokens: reach.tokens }),
    layers: layers.length,
    tokens: pages * PAGE_TOKENS,
    bytes: layers.reduce((sum, layer) => sum + pages * pageBytes({ ...config.cache[layer]!, type }), 0),
  }));
}
