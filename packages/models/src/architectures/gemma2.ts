// Gemma 2 (arXiv 2408.00118): norms before and behind each block, soft caps, every other layer with a window.
// GGUF stores norm weights as 1 + w.

import { getCount, getNumber, type Metadata } from '@quern/formats';
import type { Architecture } from '../architecture.ts';
import { createDecoder } from '../decoder.ts';
import { type DecoderConfig, decoderConfig } from '../decoder-config.ts';
import { ropeConfig } from '../rope.ts';
import { windowedLayers } from '../windows.ts';

/** Layers of the 27B model, whose queries are scaled by the width of a head as dim / heads has it. */
const LAYERS_27B = 46;

function config(metadata: Metadata, key: string): DecoderConfig {
  const common = decoderConfig(metadata, key);
  const rope = ropeConfig(metadata, key, common.keyDim);
  const windowed = windowedLayers(metadata, key, 2);
  const reach = {
    kind: 'window',
    tokens: getCount(metadata, `${key}.attention.sliding_window`, 4096),
  } as const;
  return {
    ...common,
    activation: 'gelu_tanh',
    pairs: 'halves',
    scoreScale: getNumber(
      metadata,
      `${key}.attention.scale`,
      (common.layers === LAYERS_27B ? common.dim / common.heads : common.keyDim) ** -0.5,
    ),
    embeddingScale: Math.sqrt(common.dim),
    scoreCap: getNumber(metadata, `${key}.attn_logit_softcapping`, 50),
    logitCap: getNumber(metadata, `${key}.final_logit_softcapping`, 30),
    rope: () => rope,
    reach: (i) => (windowed(i) ? reach : undefined),
  };
}

export const gemma2: Architecture<DecoderConfig> = { config, create: createDecoder };
