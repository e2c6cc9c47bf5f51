// gpt-oss (arXiv 2508.10925): experts with biases and a clamped activation, every other layer with a window,
// a sink for each head, YaRN. Its files hold the experts in MXFP4.
import { getCount, type Metadata } from '@quern/formats';
import type { Architecture } from '../architecture.ts';
import { createDecoder } from '../decoder.ts';
import { type DecoderConfig, decoderConfig } from '../decoder-config.ts';
import { moeConfig } from '../moe-config.ts';
import { ropeConfig } from '../rope.ts';
import { windowedLayers } from '../windows.ts';

/** Every second layer sees all. */
const PATTERN = 2;

function config(metadata: Metadata, key: string): DecoderConfig {
  const common = decoderConfig(metadata, key);
  const rope = ropeConfig(metadata, key, common.keyDim);
  const windowed = windowedLayers(metadata, key, PATTERN);
  const reach = { kind: 'window', tokens: getCount(metadata, `${key}.attention.sliding_window`) } as const;
  return {
    ...common,
    activation: 'silu',
    pairs: 'halves',
    normBeforeMlp: true,
    moe: moeConfig(metadata, key, { score: 'softmax_chosen', normalised: true, activation: 'clamped' }),
    rope: () => rope,
    reach: (i) => (windowed(i) ? reach : undefined),
  };
}

export const gptOss: Architecture<DecoderConfig> = { config, create: createDecoder };
