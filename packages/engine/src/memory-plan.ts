// How much context fits, and what it takes.

import type { Caps } from '@quern/gpu';
import { PAGE_TOKENS, pageBytes } from '@quern/kernels';
import type { ModelConfig } from '@quern/models';
import { type KvType, QuernError } from '@quern/spec';
import { cacheGroups } from './cache-groups.ts';

/** Context when nobody asks for one. */
const DEFAULT_CONTEXT = 4096;

/** Fewer rows of a chunk than these have no plan of their own. */
export const SMALLEST_CHUNK = 8;

/**
 * The most rows of a prefill chunk: bounds activations, and what layers with a window keep besides it. Which chunks
 * are smaller, the pace says. Without an adapter: those of a GPU, where a chunk's weights are read once for all rows.
 */
export function prefillRows(caps: Pick<Caps, 'software'> | undefined): number {
  return caps?.software ? 32 : 512;
}

/** Bytes of the logits of a chunk whose every row has them. */
const LOGITS_BYTES = 64 * 2 ** 20;

/** Rows of a chunk whose every row has its logits: a power of two, and no more than one binding holds. */
export function lossRows({ limits }: Pick<Caps, 'limits'>, vocabulary: number, chunkRows: number): number {
  const binding = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize, LOGITS_BYTES);
  let rows = chunkRows;
  while (rows > 1 && rows * vocabulary * 4 > binding) rows /= 2;
  return rows;
}

/**
 * The context length to use. Throws 'invalid-request' for more than the model was trained for,
 * 'out-of-memory' for more than this adapter binds, both say what would work; 'corrupt-file' for a model of no
 * layers or no context.
 */
export function chooseContext(
  config: ModelConfig,
  type: KvType,
  caps: Pick<Caps, 'limits' | 'software'> | undefined,
  asked: number | undefined,
): number {
  const { trainedContextLength } = config;
  if (asked !== undefined && (!Number.isInteger(asked) || asked < 1)) {
    throw new QuernError(
      'invalid-request',
      `A context of ${asked} tokens makes no sense; give a whole number.`,
    );
  }
  if (asked !== undefined && asked > trainedContextLength) {
    throw new QuernError(
      'invalid-request',
      `A context of ${asked} tokens is more than the ${trainedContextLength} this model was trained for.`,
    );
  }
  if (trainedContextLength < 1 || config.cache.length === 0) {
    throw new QuernError(
      'corrupt-file',
      `The file says that the model has ${config.cache.length} layers and a context of ${trainedContextLength} tokens.`,
    );
  }
  const binding = caps
    ? Math.min(caps.limits.maxStorageBufferBindingSize, caps.limits.maxBufferSize)
    : Infinity;
  const most = asked ?? Math.min(trainedContextLength, DEFAULT_CONTEXT);
  // A layer whose pages at the whole context exceed a binding bounds the context, unless its window is what counts.
  const bounds = cacheGroups(config, most, prefillRows(caps)).flatMap(({ layers, pages }) =>
    layers
      .map((layer) => Math.floor(binding / pageBytes({ ...config.cache[layer]!, type })))
      .filter((room) => room < pages),
  );
  const fits = Math.min(Infinity, ...bounds) * PAGE_TOKENS;
  if (fits < (asked ?? 1)) {
    throw new QuernError(
      'out-of-memory',
      `A ${type} KV cache for ${asked ?? PAGE_TOKENS} tokens exceeds the ${binding} bytes that this adapter binds for a layer; ` +
        `${fits} tokens fit.`,
    );
  }
  return Math.min(most, fits);
}
