// OpenAI's chat completion, as far as this engine speaks it. Assignable from and to the types of the
// npm package `openai` (openai-types.test.ts); `timings` and the parameters marked so are extensions.

import type { FinishReason, Timings } from '@quern/spec';
import type { SharedParams } from './shared-params.ts';
import type { CompletionUsage } from './usage.ts';

export interface TextPart {
  type: 'text';
  text: string;
}

export interface ChatMessageParam {
  /** 'developer' is rendered as 'system', which is the word that chat templates know. */
  role: 'system' | 'developer' | 'user' | 'assistant';
  content: string | TextPart[];
  name?: string;
}

export interface ChatParams extends SharedParams {
  messages: ChatMessageParam[];
  max_completion_tokens?: number | null;
  /** Log-probabilities of the chosen tokens. */
  logprobs?: boolean | null;
  /** 0..20 most likely tokens per position; needs `logprobs: true`. */
  top_logprobs?: number | null;
  /** Only `{ type: 'text' }`. */
  response_format?: { type: 'text' } | null;
  /** Accepted and ignored. */
  metadata?: Record<string, string> | null;
  /** Only false: nothing is stored. */
  store?: boolean | null;
}
export interface ChatParamsWhole extends ChatParams {
  stream?: false | null;
}
export interface ChatParamsStreaming extends ChatParams {
  stream: true;
}

export interface ChatTokenLogprob {
  /** The token's text; bytes that are no whole character are written as \xf0\x9f. */
  token: string;
  logprob: number;
  bytes: number[] | null;
  top_logprobs: Array<{ token: string; logprob: number; bytes: number[] | null }>;
}

export interface ChatLogprobs {
  content: ChatTokenLogprob[] | null;
  refusal: null;
}

export interface ChatCompletion {
  id: string;
  object: 'chat.completion';
  /** Unix seconds. */
  created: number;
  model: string;
  choices: Array<{
    index: number;
    message: { role: 'assistant'; content: string; refusal: null };
    logprobs: ChatLogprobs | null;
    finish_reason: FinishReason;
  }>;
  usage: CompletionUsage;
  /** Extension. */
  timings: Timings;
}

export interface ChatCompletionChunk {
  id: string;
  object: 'chat.completion.chunk';
  created: number;
  model: string;
  choices: Array<{
    index: number;
    delta: { role?: 'assistant'; content?: string };
    logprobs: ChatLogprobs | null;
    finish_reason: FinishReason | null;
  }>;
  /** With include_usage: null, but in the last chunk. */
  usage?: CompletionUsage | null;
  /** Extension, in the chunk that carries the finish reason. */
  timings?: Timings;
}
