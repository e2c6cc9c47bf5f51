// OLMo 2 and 3 (arXiv 2501.00656, 2512.13961): norms behind the blocks instead of before them, queries and keys
// normed over their whole width. OLMo 3 has a window in three layers of four, and YaRN in the fourth alone.

import { getCount } from '@quern/formats';
import { createDecoder } from '../decoder.ts';
import { type DecoderConfig, decoderConfig } from '../decoder-config.ts';
import type { Architecture } from '../architecture.ts';
import { ropeConfig } from '../rope.ts';
import { windowedLayers } from '../windows.ts';

const PERIOD = 4;

export const olmo2: Architecture<DecoderConfig> = {
  config(metadata, key) {
    const common = decoderConfig(metadata, key);
    const rope = ropeConfig(metadata, key, common.keyDim);
    const local = { ...rope, scaling: { kind: 'none' } } as const;
    const tokens = getCount(metadata, `${key}.attention.sliding_window`, 0);
    const pattern = windowedLayers(metadata, key, PERIOD);
    const windowed = (i: number) => tokens > 0 && pattern(i);
    return {
      ...common,
      activation: 'silu',
      pairs: 'halves',
      rope: (i) => (windowed(i) ? local : rope),
      reach: (i) => (windowed(i) ? { kind: 'window', tokens } : undefined),
    };
  },
  create: createDecoder,
};
