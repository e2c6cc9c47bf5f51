// LFM2 (arXiv 2511.23404): most layers have a short convolution where others attend; attention is Qwen 3's. GGUF
// calls the last norm token_embd_norm, and says by a KV head count of 0 which layers have a convolution.

import { getCount, getNumberArray, type Metadata } from '@quern/formats';
import { QuernError } from '@quern/spec';
import type { Architecture } from '../architecture.ts';
import { shortConvCache } from '../blocks/short-conv.ts';
import { createDecoder } from '../decoder.ts';
import { type DecoderConfig, decoderConfig } from '../decoder-config.ts';
import { moeConfig } from '../moe-config.ts';
import { NO_ROPE, ropeConfig } from '../rope.ts';

function config(metadata: Metadata, key: string): DecoderConfig {
  const name = `${key}.attention.head_count_kv`;
  const counts = Array.from(getNumberArray(metadata, name));
  const tokens = getCount(metadata, `${key}.shortconv.l_cache`);
  const common = decoderConfig(new Map(metadata).set(name, Math.max(1, ...counts)), key);
  const conv = shortConvCache(common.dim);
  const odd = counts.some((count) => count !== 0 && count !== common.kvHeads);
  if (counts.length !== common.layers || odd || !conv || tokens === 0) {
    throw new QuernError(
      'corrupt-file',
      `${name} is ${counts.join(', ')} for ${common.layers} layers of width ${common.dim}, with convolutions of ` +
        `${tokens} tokens: it takes one count for each layer, 0 or the same, a width that is a multiple of 16, and 1 ` +
        'token or more.',
    );
  }
  const rope = ropeConfig(metadata, key, common.keyDim);
  const seen = getCount(metadata, `${key}.attention.sliding_window`, 0);
  const convolves = (i: number) => counts[i] === 0;
  return {
    ...common,
    cache: common.cache.map((shape, i) => (convolves(i) ? conv : shape)),
    activation: 'silu',
    pairs: 'halves',
    outputNorm: 'token_embd_norm',
    moe: moeConfig(metadata, key, { score: 'sigmoid', normalised: true }),
    convolution: (i) => (convolves(i) ? tokens : undefined),
    rope: (i) => (convolves(i) ? NO_ROPE : rope),
    reach: (i) => {
      if (convolves(i)) return { kind: 'window', tokens };
      return seen > 0 ? { kind: 'window', tokens: seen } : undefined;
    },
  };
}

export const lfm2: Architecture<DecoderConfig> = { config, create: createDecoder };
