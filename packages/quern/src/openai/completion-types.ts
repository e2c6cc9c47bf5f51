// OpenAI's text completion, as far as this engine speaks it.

import type { FinishReason, Timings } from '@quern/spec';
import type { SharedParams } from './shared-params.ts';
import type { CompletionUsage } from './usage.ts';

export interface CompletionParams extends SharedParams {
  /** Text (BOS is added where the model says so) or token ids (used exactly); a list may hold one prompt. */
  prompt: string | string[] | number[] | number[][] | null;
  /** 0..20 most likely tokens per position. Undefined: no logprobs. */
  logprobs?: number | null;
  /** Only 1. */
  best_of?: number | null;
  /** Only false. */
  echo?: boolean | null;
  /** Only absent or empty. */
  suffix?: string | null;
}
export interface CompletionParamsWhole extends CompletionParams {
  stream?: false | null;
}
export interface CompletionParamsStreaming extends CompletionParams {
  stream: true;
}

export interface CompletionLogprobs {
  /** Bytes that are no whole character are written as bytes:\xf0\x9f. */
  tokens: string[];
  token_logprobs: number[];
  /** Token text to logprob; of two tokens that spell the same, the likelier. */
  top_logprobs: Array<Record<string, number>>;
  /** Where each token starts in the generated text, in UTF-16 units. */
  text_offset: number[];
}

export interface CompletionChoice<Reason> {
  index: number;
  text: string;
  logprobs: CompletionLogprobs | null;
  finish_reason: Reason;
}

export interface Completion {
  id: string;
  object: 'text_completion';
  /** Unix seconds. */
  created: number;
  model: string;
  choices: Array<CompletionChoice<FinishReason>>;
  usage: CompletionUsage;
  /** Extension. */
  timings: Timings;
}

export interface CompletionChunk {
  id: string;
  object: 'text_completion';
  created: number;
  model: string;
  choices: Array<CompletionChoice<FinishReason | null>>;
  /** With include_usage: null, but in the last chunk. */
  usage?: CompletionUsage | null;
  /** Extension, in the chunk that carries the finish reason. */
  timings?: Timings;
}
