// A text completion request in OpenAI's words -> the engine's.

import type { Prompt } from '@quern/spec';
import { asFields, checkNames, type Refusal, readBoolean, refuse, show } from './fields.ts';
import {
  only,
  randomSeed,
  readAdapters,
  type ReadRequest,
  readMaxTokens,
  readSampling,
  readStop,
  readStream,
  readTopLogprobs,
  SHARED_NAMES,
  SHARED_REFUSALS,
} from './shared-request.ts';

const NAMES = [...SHARED_NAMES, 'prompt'];

const REFUSALS: Record<string, Refusal> = {
  ...SHARED_REFUSALS,
  best_of: only(1, 'one answer per request.'),
  echo: only(false, 'the prompt is not repeated; leave it out.'),
  suffix: only('', 'text after the gap is not supported; leave it out.'),
};

/** OpenAI's default for text completions. */
const DEFAULT_MAX_TOKENS = 16;

/** Throws 'invalid-request', naming the parameter. */
export function readCompletionRequest(params: unknown, seed: () => number = randomSeed): ReadRequest {
  const fields = asFields(params, 'The completion request');
  checkNames(fields, NAMES, REFUSALS);
  return {
    request: {
      prompt: readPrompt(fields.prompt),
      sampling: readSampling(fields, seed),
      maxTokens: readMaxTokens(fields, 'max_tokens') ?? DEFAULT_MAX_TOKENS,
      stop: readStop(fields),
      ignoreEos: readBoolean(fields, 'ignore_eos') ?? false,
      topLogprobs: readTopLogprobs(fields, 'logprobs'),
      adapters: readAdapters(fields),
    },
    ...readStream(fields),
  };
}

function readPrompt(value: unknown): Prompt {
  if (typeof value === 'string') return { kind: 'text', text: value };
  if (!Array.isArray(value)) refuse(`'prompt' must be a text or a list of token ids, not ${show(value)}.`);
  if (value.length === 0) refuse("'prompt' is an empty list; give a text or token ids.");
  const [first] = value as unknown[];
  if (typeof first === 'number') return { kind: 'ids', ids: value.map(readId) };
  if (value.length > 1) refuse(`'prompt' holds ${value.length} prompts; one per request is supported.`);
  if (typeof first === 'string' || Array.isArray(first)) return readPrompt(first);
  refuse(`'prompt[0]' must be a text or a token id, not ${show(first)}.`);
}

function readId(value: unknown, index: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
    refuse(`'prompt[${index}]' must be a token id, not ${show(value)}.`);
  }
  return value;
}
