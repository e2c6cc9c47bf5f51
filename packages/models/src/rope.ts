// RoPE as model files describe it, down to one frequency for each pair of a head.

import { getCount, getNumber, getString, type Metadata } from '@quern/formats';
import type { Tensor } from '@quern/gpu';
import { angleTable, ropeFrequencies } from '@quern/kernels';
import { QuernError } from '@quern/spec';
import type { WeightRegistry } from './weight-registry.ts';

export interface RopeConfig {
  readonly rotated: number;
  readonly base: number;
  /** Positions are divided by it (linear scaling); 1 = none. */
  readonly factor: number;
}

/** `<arch>.rope.*`. Throws 'corrupt-file' for a scaling that is not known. */
export function ropeConfig(metadata: Metadata, key: string, keyDim: number): RopeConfig {
  const type = getString(metadata, `${key}.rope.scaling.type`, 'none');
  const old = getNumber(metadata, `${key}.rope.scale_linear`, 1);
  if (type !== 'none' && type !== 'linear') {
    throw new QuernError(
      'corrupt-file',
      `RoPE scaling '${type}' is not known here; 'none' and 'linear' are.`,
    );
  }
  return {
    rotated: getCount(metadata, `${key}.rope.dimension_count`, keyDim),
    base: getNumber(metadata, `${key}.rope.freq_base`, 10000),
    factor: type === 'linear' ? getNumber(metadata, `${key}.rope.scaling.factor`, old) : old,
  };
}

/**
 * Radians a position for each pair. `divisors` (GGUF's rope_freqs.weight) hold Llama 3.1's scaling, one
 * for each pair.
 */
export function scaledFrequencies({ rotated, base, factor }: RopeConfig, divisors?: Float32Array): number[] {
  if (divisors && divisors.length !== rotated / 2) {
    throw new QuernError(
      'corrupt-file',
      `rope_freqs.weight has ${divisors.length} values for ${rotated / 2} pairs.`,
    );
  }
  return ropeFrequencies(base, rotated).map((frequency, i) => frequency / factor / (divisors?.[i] ?? 1));
}

/** The angle table of a config on the GPU; layers with the same config share one. */
export function ropeAngles(weights: WeightRegistry, positions: number): (config: RopeConfig) => Tensor {
  const tables = new Map<string, Tensor>();
  return (config) => {
    const key = JSON.stringify(config);
    let table = tables.get(key);
    if (!table) {
      const frequencies = scaledFrequencies(config, weights.hostVector('rope_freqs.weight'));
      table = weights.upload('rope angles', angleTable({ rotated: config.rotated, frequencies }, positions));
      tables.set(key, table);
    }
    return table;
  };
}
