// RoPE as config.json describes it -> GGUF's keys and vectors. Both spellings are read: rope_theta with
// rope_scaling, and rope_parameters (transformers 5), which may hold one set for each kind of layer.
// Formulas: transformers, modeling_rope_utils.py.

import { QuernError } from '@quern/spec';
import type { MetadataValue } from '../metadata.ts';
import { ConfigReader } from './config-reader.ts';

export interface RopeTranslation {
  /** Without the `<architecture>.` before them. */
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly vectors: ReadonlyMap<string, Float32Array>;
}

/** `rotated`: values of a head that turn. Throws 'corrupt-file' for scalings that lack what they need. */
export function translateRope(config: ConfigReader, headDim: number): RopeTranslation {
  const metadata = new Map<string, MetadataValue>();
  const vectors = new Map<string, Float32Array>();
  const set = (key: string, value: MetadataValue | undefined) => {
    if (value !== undefined) metadata.set(`rope.${key}`, value);
  };
  const parameters = config.object('rope_parameters');
  const full = parameters?.object('full_attention') ?? parameters;
  const local = parameters?.object('sliding_attention');
  const scaling = full ?? config.object('rope_scaling');

  const base = full?.number('rope_theta') ?? config.number('rotary_emb_base', 'rope_theta') ?? 10000;
  const part =
    full?.number('partial_rotary_factor') ?? config.number('partial_rotary_factor', 'rotary_pct') ?? 1;
  const rotated = Math.floor(headDim * part);
  set('freq_base', base);
  set('freq_base_swa', local?.number('rope_theta') ?? config.number('rope_local_base_freq'));
  if (part !== 1) set('dimension_count', rotated);

  const type = scaling?.string('rope_type', 'type') ?? 'default';
  if (!scaling || type === 'default') return { metadata, vectors };
  const original =
    scaling.count('original_max_position_embeddings') ?? config.count('original_max_position_embeddings');
  if (type === 'llama3') {
    vectors.set('rope_freqs.weight', llama3Divisors(scaling, base, rotated, original));
    return { metadata, vectors };
  }
  const long = type === 'longrope' || type === 'su';
  set('scaling.type', long ? 'longrope' : type);
  set('scaling.factor', scaling.number('factor'));
  set('scaling.original_context_length', original);
  const magnitude = scaling.number('attention_factor');
  if (long) set('scaling.attn_factor', magnitude ?? longMagnitude(config, scaling, original));
  // GGUF's YaRN multiplies with 0.1 ln(factor) + 1 in any case; what transformers is told is the whole.
  else if (magnitude !== undefined) {
    set('scaling.attn_factor', magnitude / (1 + 0.1 * Math.log(scaling.number('factor') ?? 1)));
  }
  set('scaling.yarn_beta_fast', scaling.number('beta_fast'));
  set('scaling.yarn_beta_slow', scaling.number('beta_slow'));
  set('scaling.yarn_mscale', scaling.number('mscale'));
  set('scaling.yarn_mscale_all_dim', scaling.number('mscale_all_dim'));
  set('scaling.yarn_truncate', scaling.flag('truncate'));
  for (const length of ['short', 'long'] as const) {
    const factors = scaling.numbers(`${length}_factor`);
    if (factors) vectors.set(`rope_factors_${length}.weight`, Float32Array.from(factors));
  }
  return { metadata, vectors };
}

/** How much LongRoPE scales sines and cosines: by how many times the context grew. */
function longMagnitude(config: ConfigReader, scaling: ConfigReader, original: number | undefined): number {
  const trained = config.count('max_position_embeddings');
  const factor = original && trained ? trained / original : (scaling.number('factor') ?? 1);
  return factor <= 1 || !original ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
}

/**
 * What each pair's frequency is divided by (Llama 3.1): 1 for the fast ones, `factor` for the slow ones,
 * in between a blend by how often the wave fits the original context. The form that GGUF files carry.
 */
function llama3Divisors(
  scaling: ConfigReader,
  base: number,
  rotated: number,
  original: number | undefined,
): Float32Array {
  const factor = scaling.number('factor');
  const low = scaling.number('low_freq_factor') ?? 1;
  const high = scaling.number('high_freq_factor') ?? 4;
  if (!factor || !original || high <= low) {
    throw new QuernError(
      'corrupt-file',
      'config.json: rope_scaling of type llama3 needs factor, original_max_position_embeddings and a ' +
        'high_freq_factor above the low_freq_factor',
    );
  }
  return Float32Array.from({ length: rotated / 2 }, (_, pair) => {
    const wave = 2 * Math.PI * base ** ((2 * pair) / rotated);
    if (wave < original / high) return 1;
    if (wave > original / low) return factor;
    const smooth = (original / wave - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}
