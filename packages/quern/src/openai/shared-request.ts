// What chat and text completions have in common, checked and in the engine's words.

import type { GenerateRequest, LoraChoice, SamplingOptions } from '@quern/spec';
import { asFields, type Fields, type Refusal, readBoolean, readNumber, refuse, show } from './fields.ts';

/** A request as the engine takes it, and how its answer is to be shaped. */
export interface ReadRequest {
  request: GenerateRequest;
  stream: boolean;
  includeUsage: boolean;
}

export const SHARED_NAMES = [
  'model',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'repetition_penalty',
  'frequency_penalty',
  'presence_penalty',
  'logit_bias',
  'stop',
  'seed',
  'ignore_eos',
  'adapters',
  'logprobs',
  'stream',
  'stream_options',
  'user',
];

const MAX_STOPS = 16;
const INTEGER = { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true };

/** Known to OpenAI's servers and fine at the value that changes nothing. */
export const only =
  (allowed: unknown, reason: string): Refusal =>
  (value) =>
    value === allowed ? undefined : reason;

export const SHARED_REFUSALS: Record<string, Refusal> = {
  n: only(1, 'one answer per request; ask again with another seed for more.'),
};

export function readSampling(fields: Fields, randomSeed: () => number): SamplingOptions {
  return {
    temperature: readNumber(fields, 'temperature', { min: 0, max: 2 }) ?? 1,
    topP: readNumber(fields, 'top_p', { min: 0, max: 1, above: true }) ?? 1,
    topK: readNumber(fields, 'top_k', INTEGER) ?? 0,
    minP: readNumber(fields, 'min_p', { min: 0, max: 1 }) ?? 0,
    repetitionPenalty: readNumber(fields, 'repetition_penalty', { min: 0, max: 100, above: true }) ?? 1,
    frequencyPenalty: readNumber(fields, 'frequency_penalty', { min: -2, max: 2 }) ?? 0,
    presencePenalty: readNumber(fields, 'presence_penalty', { min: -2, max: 2 }) ?? 0,
    logitBias: readLogitBias(fields),
    seed: readNumber(fields, 'seed', { ...INTEGER, min: Number.MIN_SAFE_INTEGER }) ?? randomSeed(),
  };
}

function readLogitBias(fields: Fields): Array<readonly [number, number]> {
  const value = fields.logit_bias;
  if (value === undefined || value === null) return [];
  const biases = asFields(value, "'logit_bias'");
  return Object.keys(biases).map((key) => {
    if (!/^\d{1,9}$/.test(key)) refuse(`'logit_bias' is keyed by token ids, not ${show(key)}.`);
    const bias = readNumber(biases, key, { min: -100, max: 100 });
    if (bias === undefined) refuse(`'logit_bias' of token ${key} must be a number from -100 to 100.`);
    return [Number(key), bias] as const;
  });
}

export function readStop(fields: Fields): string[] {
  const value = fields.stop;
  if (value === undefined || value === null) return [];
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > MAX_STOPS) refuse(`'stop' may hold ${MAX_STOPS} strings, not ${list.length}.`);
  return list.map((stop) => {
    if (typeof stop !== 'string' || stop === '')
      refuse(`'stop' holds texts that are not empty, not ${show(stop)}.`);
    return stop;
  });
}

/** Undefined for none. Whether they are loaded, the engine knows. */
export function readAdapters(fields: Fields): LoraChoice[] | undefined {
  const value = fields.adapters;
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) refuse(`'adapters' must be a list of { id, scale }, not ${show(value)}.`);
  return value.map((entry: unknown, i) => {
    const choice = asFields(entry, `'adapters[${i}]'`);
    const unknown = Object.keys(choice).find((name) => name !== 'id' && name !== 'scale');
    if (unknown !== undefined) {
      refuse(`Unknown parameter 'adapters[${i}].${unknown}'. Known are: id, scale.`);
    }
    const { id } = choice;
    if (typeof id !== 'string') refuse(`'adapters[${i}].id' must be a text, not ${show(id)}.`);
    return { id, scale: readNumber(choice, 'scale', { min: -100, max: 100 }) ?? 1 };
  });
}

export function readMaxTokens(fields: Fields, name: string): number | undefined {
  return readNumber(fields, name, { ...INTEGER, min: 1 });
}

export function readTopLogprobs(fields: Fields, name: string): number | undefined {
  return readNumber(fields, name, { min: 0, max: 20, integer: true });
}

/** `stream` and `stream_options`. */
export function readStream(fields: Fields): { stream: boolean; includeUsage: boolean } {
  const stream = readBoolean(fields, 'stream') ?? false;
  const value = fields.stream_options;
  if (value === undefined || value === null) return { stream, includeUsage: false };
  if (!stream) refuse("'stream_options' needs `stream: true`.");
  const options = asFields(value, "'stream_options'");
  for (const name of Object.keys(options)) {
    if (name !== 'include_usage' && name !== 'include_obfuscation') {
      refuse(`Unknown parameter 'stream_options.${name}'. Known are: include_usage, include_obfuscation.`);
    }
  }
  return { stream, includeUsage: readBoolean(options, 'include_usage') ?? false };
}

/** 32 random bits. */
export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
