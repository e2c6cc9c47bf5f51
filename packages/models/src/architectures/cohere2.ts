// Command R7B, Command A, Tiny Aya (arXiv 2504.00698): Command R with a window and RoPE in three layers of four,
// and neither in the fourth.

import { getCount, getNumber } from '@quern/formats';
import type { Architecture } from '../architecture.ts';
import { createDecoder } from '../decoder.ts';
import { type DecoderConfig, decoderConfig } from '../decoder-config.ts';
import { NO_ROPE, ropeConfig } from '../rope.ts';
import { windowedLayers } from '../windows.ts';

const PERIOD = 4;

export const cohere2: Architecture<DecoderConfig> = {
  config(metadata, key) {
    const common = decoderConfig(metadata, key, 'layer');
    const rope = ropeConfig(metadata, key, common.keyDim);
    const reach = {
      kind: 'window',
      tokens: getCount(metadata, `${key}.attention.sliding_window`),
    } as const;
    const windowed = windowedLayers(metadata, key, PERIOD);
    return {
      ...common,
      activation: 'silu',
      pairs: 'interleaved',
      parallel: true,
      logitScale: getNumber(metadata, `${key}.logit_scale`),
      rope: (i) => (windowed(i) ? rope : NO_ROPE),
      reach: (i) => (windowed(i) ? reach : undefined),
    };
  },
  create: createDecoder,
};
