// Llama 4, text (Scout and Maverick): three layers of four attend within chunks of positions and have RoPE, the
// fourth attends to all, has none, and sharpens its softmax with the position; queries and keys are normed without
// weights behind RoPE; the router's sigmoid multiplies what goes into an expert; one expert takes every row.

import { getBoolean, getBooleanArray, getCount, getNumber, type Metadata } from '@quern/formats';
import type { Temperature } from '@quern/kernels';
import { QuernError } from '@quern/spec';
import type { Architecture } from '../architecture.ts';
import { createDecoder } from '../decoder.ts';
import { type DecoderConfig, decoderConfig } from '../decoder-config.ts';
import { moeConfig } from '../moe-config.ts';
import { NO_ROPE, ropeConfig } from '../rope.ts';

/** What GGUF files do not say; llama.cpp has these fixed, as all published models have them. */
const PERIOD = 4;
const CHUNK = 8192;
const TEMPERATURE: Temperature = { length: 8192, scale: 0.1 };
/** Experts of Maverick, whose queries and keys have no norm. */
const EXPERTS_OF_MAVERICK = 128;

function config(metadata: Metadata, key: string): DecoderConfig {
  const common = decoderConfig(metadata, key);
  const rope = ropeConfig(metadata, key, common.keyDim);
  const chunk = getCount(metadata, `${key}.attention.sliding_window`, CHUNK);
  // No chunk at all means a model whose layers are alike (MobileLLM).
  const rotated = getBooleanArray(metadata, `${key}.rope.layer_pattern`, undefined);
  const turns = (i: number) => (rotated ? rotated[i] === true : chunk === 0 || (i + 1) % PERIOD !== 0);
  const pattern = getBooleanArray(metadata, `${key}.attention.chunked_layers`, undefined);
  const chunked = (i: number) => chunk > 0 && (pattern ? pattern[i] === true : turns(i));
  const experts = moeConfig(metadata, key, { score: 'sigmoid', normalised: false });
  const normed = getBoolean(metadata, `${key}.attention.qk_norm`, experts?.experts !== EXPERTS_OF_MAVERICK);
  const temperature = temperatureOf(metadata, key);
  return {
    ...common,
    activation: 'silu',
    pairs: 'interleaved',
    rope: (i) => (turns(i) ? rope : NO_ROPE),
    reach: (i) => (chunked(i) ? { kind: 'chunk', tokens: chunk } : undefined),
    moe: experts && { ...experts, weighted: 'input' },
    // RoPE keeps lengths, so that a norm without weights may stand before it.
    bareHeadNorms: (i) => normed && turns(i),
    temperature: (i) => (turns(i) ? undefined : temperature),
  };
}

/** Undefined where queries stay as they are. */
function temperatureOf(metadata: Metadata, key: string): Temperature | undefined {
  const length = getCount(metadata, `${key}.attention.temperature_length`, TEMPERATURE.length);
  const scale = getNumber(metadata, `${key}.attention.temperature_scale`, TEMPERATURE.scale);
  if (scale === 0) return undefined;
  if (length > 0) return { length, scale };
  throw new QuernError('corrupt-file', `${key}.attention.temperature_length is 0; it counts tokens.`);
}

export const llama4: Architecture<DecoderConfig> = { config, create: createDecoder };
