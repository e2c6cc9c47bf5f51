// Gemma 3, text (arXiv 2503.19786): Gemma 2 with norms on queries and keys instead of soft caps; five layers
// with a window and RoPE of their own for each that sees all.

import { getCount, getNumber, type Metadata } from '@quern/formats';
import type { Architecture } from '../architecture.ts';
import { createDecoder } from '../decoder.ts';
import { type DecoderConfig, decoderConfig } from '../decoder-config.ts';
import { ropeConfig } from '../rope.ts';
import { windowedLayers } from '../windows.ts';

/** Every sixth layer sees all. */
const PATTERN = 6;
/** Layers of the 27B model, whose queries are scaled by the width of a head as dim / heads has it. */
const LAYERS_27B = 62;

function config(metadata: Metadata, key: string): DecoderConfig {
  const common = decoderConfig(metadata, key);
  const global = ropeConfig(metadata, key, common.keyDim);
  const base = getNumber(metadata, `${key}.rope.freq_base_swa`, 10000);
  const local = { ...global, base, scaling: { kind: 'none' } } as const;
  const reach = { kind: 'window', tokens: getCount(metadata, `${key}.attention.sliding_window`) } as const;
  const windowed = windowedLayers(metadata, key, PATTERN);
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
    logitCap: getNumber(metadata, `${key}.final_logit_softcapping`, 0) || undefined,
    rope: (i) => (windowed(i) ? local : global),
    reach: (i) => (windowed(i) ? reach : undefined),
  };
}

export const gemma3: Architecture<DecoderConfig> = { config, create: createDecoder };
