// RoPE as model files describe it, down to one frequency for each pair of a head and the tables of angles
// that the GPU reads.

import { getBoolean, getCount, getNumber, getString, type Metadata } from '@quern/formats';
import type { Tensor } from '@quern/gpu';
import { angleTable, ropeFrequencies } from '@quern/kernels';
import { QuernError } from '@quern/spec';
import type { WeightRegistry } from './weight-registry.ts';

/** The kernels turn this many values of a head at a time. */
const ROTATED_STEP = 4;

export interface RopeConfig {
  readonly rotated: number;
  readonly base: number;
  readonly scaling: RopeScaling;
}

/** Layers that see order by other means, or not at all. */
export const NO_ROPE: RopeConfig = { rotated: 0, base: 1, scaling: { kind: 'none' } };

export type RopeScaling =
  | { readonly kind: 'none' }
  /** Positions are divided by the factor. */
  | { readonly kind: 'linear'; readonly factor: number }
  /** YaRN (arXiv 2309.00071): slow pairs are divided, fast ones are not; angles are scaled by `magnitude`. */
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly original: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly magnitude: number;
      /** The ramp's ends are rounded to whole pairs. */
      readonly truncated: boolean;
    }
  /** LongRoPE (arXiv 2402.13753): divisors for sequences within the original context, and for longer ones. */
  | { readonly kind: 'long'; readonly original: number; readonly magnitude: number };

/** `<key>.rope.*`. Throws 'corrupt-file' for a scaling that is not known, and for parts of a head that have no pairs. */
export function ropeConfig(metadata: Metadata, key: string, keyDim: number): RopeConfig {
  const rotated = getCount(metadata, `${key}.rope.dimension_count`, keyDim);
  if (rotated > keyDim || rotated % ROTATED_STEP !== 0) {
    throw new QuernError(
      'corrupt-file',
      `RoPE turns ${rotated} of a head's ${keyDim} values; it takes a multiple of ${ROTATED_STEP} up to all of them.`,
    );
  }
  return {
    rotated,
    base: getNumber(metadata, `${key}.rope.freq_base`, 10000),
    scaling: ropeScaling(metadata, `${key}.rope`, getCount(metadata, `${key}.context_length`)),
  };
}

function ropeScaling(metadata: Metadata, key: string, trained: number): RopeScaling {
  const type = getString(metadata, `${key}.scaling.type`, undefined);
  const factor = getNumber(metadata, `${key}.scaling.factor`, getNumber(metadata, `${key}.scale_linear`, 1));
  const original = getCount(metadata, `${key}.scaling.original_context_length`, trained);
  const attention = getNumber(metadata, `${key}.scaling.attn_factor`, 1);
  switch (type) {
    case undefined:
      // Phi-3's files name no type; what they have is an original context and two tensors of divisors.
      if (metadata.has(`${key}.scaling.original_context_length`))
        return { kind: 'long', original, magnitude: attention };
      return factor === 1 ? { kind: 'none' } : { kind: 'linear', factor };
    case 'none':
      return { kind: 'none' };
    case 'linear':
      return { kind: 'linear', factor };
    case 'longrope':
      return { kind: 'long', original, magnitude: attention };
    case 'yarn':
      return {
        kind: 'yarn',
        factor,
        original,
        betaFast: getNumber(metadata, `${key}.scaling.yarn_beta_fast`, 32),
        betaSlow: getNumber(metadata, `${key}.scaling.yarn_beta_slow`, 1),
        magnitude: attention * (1 + 0.1 * Math.log(factor)),
        truncated: getBoolean(metadata, `${key}.scaling.yarn_truncate`, true),
      };
    default:
      throw new QuernError(
        'corrupt-file',
        `RoPE scaling '${type}' is not known here; linear, yarn and longrope are.`,
      );
  }
}

/** Radians a position for each pair, divided by `divisors` where there are some (one for each pair). */
export function scaledFrequencies({ rotated, base, scaling }: RopeConfig, divisors?: Float32Array): number[] {
  if (divisors && divisors.length !== rotated / 2) {
    throw new QuernError('corrupt-file', `${divisors.length} RoPE divisors for ${rotated / 2} pairs.`);
  }
  const plain = ropeFrequencies(base, rotated).map((frequency, i) => frequency / (divisors?.[i] ?? 1));
  if (scaling.kind === 'linear') return plain.map((frequency) => frequency / scaling.factor);
  if (scaling.kind !== 'yarn') return plain;
  // The pair that turns `turns` times within the original context.
  const pairOf = (turns: number) =>
    (rotated * Math.log(scaling.original / (turns * 2 * Math.PI))) / (2 * Math.log(base));
  const [fast, slowest] = [pairOf(scaling.betaFast), pairOf(scaling.betaSlow)];
  const low = Math.max(0, scaling.truncated ? Math.floor(fast) : fast);
  const high = Math.min(rotated - 1, scaling.truncated ? Math.ceil(slowest) : slowest);
  return plain.map((frequency, i) => {
    const slow = Math.min(1, Math.max(0, (i - low) / Math.max(0.001, high - low)));
    return (frequency / scaling.factor) * slow + frequency * (1 - slow);
  });
}

/** The angle tables of a model: layers with the same config share one. */
export class RopeTables {
  readonly #weights: WeightRegistry;
  readonly #positions: number;
  readonly #tables = new Map<string, { config: RopeConfig; tensor: Tensor; long: boolean }>();

  constructor(weights: WeightRegistry, positions: number) {
    this.#weights = weights;
    this.#positions = positions;
  }

  /** The table of `config` on the GPU. */
  tensor(config: RopeConfig): Tensor {
    const key = JSON.stringify(config);
    let table = this.#tables.get(key);
    if (!table) {
      table = {
        config,
        tensor: this.#weights.upload('rope angles', this.#angles(config, false)),
        long: false,
      };
      this.#tables.set(key, table);
    }
    return table.tensor;
  }

  /**
   * Chooses LongRoPE's divisors for a sequence of up to `tokens`. True if they changed, so that keys in the
   * cache no longer fit.
   */
  prepare(tokens: number): boolean {
    let changed = false;
    for (const table of this.#tables.values()) {
      const { scaling } = table.config;
      const long = scaling.kind === 'long' && tokens > scaling.original;
      if (long === table.long) continue;
      table.long = long;
      this.#weights.rewrite(table.tensor, this.#angles(table.config, long));
      changed = true;
    }
    return changed;
  }

  #angles(config: RopeConfig, long: boolean): Float32Array<ArrayBuffer> {
    const { rotated, scaling } = config;
    // Nothing reads it, but a binding needs some bytes.
    if (rotated === 0) return new Float32Array(4);
    const name =
      scaling.kind === 'long' ? `rope_factors_${long ? 'long' : 'short'}.weight` : 'rope_freqs.weight';
    const frequencies = scaledFrequencies(config, this.#weights.hostVector(name));
    const magnitude = 'magnitude' in scaling ? scaling.magnitude : 1;
    return angleTable({ rotated, frequencies, magnitude }, this.#positions);
  }
}
