// EXAONE 4 (arXiv 2507.11407): norms behind the blocks alone, norms of queries and keys; the 32B has a window and
// RoPE in three layers of four, and neither in the fourth.

import { getCount } from '@quern/formats';
import type { Architecture } from '../architecture.ts';
import { createDecoder } from '../decoder.ts';
import { type DecoderConfig, decoderConfig } from '../decoder-config.ts';
import { NO_ROPE, ropeConfig } from '../rope.ts';
import { windowedLayers } from '../windows.ts';

const PERIOD = 4;

export const exaone4: Architecture<DecoderConfig> = {
  config(metadata, key) {
    const common = decoderConfig(metadata, key);
    const rope = ropeConfig(metadata, key, common.keyDim);
    const tokens = getCount(metadata, `${key}.attention.sliding_window`, 0);
    const pattern = windowedLayers(metadata, key, PERIOD);
    const windowed = (i: number) => tokens > 0 && pattern(i);
    return {
      ...common,
      activation: 'silu',
      pairs: 'halves',
      rope: (i) => (tokens === 0 || windowed(i) ? rope : NO_ROPE),
      reach: (i) => (windowed(i) ? { kind: 'window', tokens } : undefined),
    };
  },
  create: createDecoder,
};
