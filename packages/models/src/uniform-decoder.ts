// The architecture of most families: the decoder, and what a family's file says of itself.

import { getCount, getString, type Metadata } from '@quern/formats';
import { QuernError } from '@quern/spec';
import type { Architecture } from './architecture.ts';
import { createDecoder } from './decoder.ts';
import { type DecoderConfig, decoderConfig } from './decoder-config.ts';
import { moeConfig, type MoeDefaults } from './moe-config.ts';
import { ropeConfig } from './rope.ts';
import { windowedLayers } from './windows.ts';

/** What a family's file says of itself. */
export type OwnConfig = Pick<DecoderConfig, 'activation' | 'pairs'> & Partial<DecoderConfig>;

/** A decoder whose layers are all alike unless `own` says otherwise; it has a window if the file names one. */
export function uniformDecoder(
  own: OwnConfig | ((metadata: Metadata, key: string) => OwnConfig),
  experts: MoeDefaults = { score: 'softmax', normalised: true },
): Architecture<DecoderConfig> {
  return {
    config(metadata, key) {
      const particular = typeof own === 'function' ? own(metadata, key) : own;
      const common = decoderConfig(metadata, key, particular.norms);
      const layers = particular.layers ?? common.layers;
      if (layers < 1) throw new QuernError('corrupt-file', `${common.layers} layers, of which none is left.`);
      const rope = ropeConfig(metadata, key, common.keyDim);
      const tokens = getCount(metadata, `${key}.attention.sliding_window`, 0);
      const reach = tokens > 0 ? ({ kind: 'window', tokens } as const) : undefined;
      const windowed = windowedLayers(metadata, key, 0);
      // Safetensors have halves where GGUF's converter made the pairs stand side by side.
      const halves = getString(metadata, `${key}.rope.pairs`, particular.pairs) === 'halves';
      return {
        ...common,
        moe: moeConfig(metadata, key, experts),
        rope: () => rope,
        reach: (i) => (windowed(i) ? reach : undefined),
        ...particular,
        cache: (particular.cache ?? common.cache).slice(0, layers),
        pairs: halves ? 'halves' : particular.pairs,
      };
    },
    create: createDecoder,
  };
}
