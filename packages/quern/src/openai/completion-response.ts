// Stream parts -> OpenAI's text completion, whole or in chunks.

import type { FinishReason, StreamPart } from '@quern/spec';
import { type AnswerHead, gather } from './answer.ts';
import type { ShapeOptions } from './chat-response.ts';
import type { Completion, CompletionChoice, CompletionChunk } from './completion-types.ts';
import { completionLogprobs } from './logprobs.ts';
import { toUsage } from './usage.ts';

export async function completion(
  parts: AsyncIterable<StreamPart>,
  head: AnswerHead,
  options: Pick<ShapeOptions, 'logprobs'>,
): Promise<Completion> {
  const { text, tokens, finish } = await gather(parts);
  return {
    id: head.id,
    object: 'text_completion',
    created: head.created,
    model: head.model,
    choices: [
      {
        index: 0,
        text,
        logprobs: options.logprobs ? completionLogprobs()(tokens ?? []) : null,
        finish_reason: finish.reason,
      },
    ],
    usage: toUsage(finish.usage),
    timings: finish.timings,
  };
}

/** One chunk per token, as it comes, then the finish reason, then the usage if asked for. */
export async function* completionChunks(
  parts: AsyncIterable<StreamPart>,
  head: AnswerHead,
  options: ShapeOptions,
): AsyncGenerator<CompletionChunk, void, undefined> {
  const toLogprobs = completionLogprobs();
  const chunk = (
    choice: Omit<CompletionChoice<FinishReason | null>, 'index'> | undefined,
  ): CompletionChunk => ({
    id: head.id,
    object: 'text_completion',
    created: head.created,
    model: head.model,
    choices: choice ? [{ index: 0, ...choice }] : [],
    ...(options.includeUsage ? { usage: null } : {}),
  });
  for await (const part of parts) {
    if (part.type === 'text-delta') {
      yield chunk({
        text: part.text,
        logprobs: options.logprobs ? toLogprobs(part.tokens ?? []) : null,
        finish_reason: null,
      });
    } else if (part.type === 'finish') {
      yield { ...chunk({ text: '', logprobs: null, finish_reason: part.reason }), timings: part.timings };
      if (options.includeUsage) yield { ...chunk(undefined), usage: toUsage(part.usage) };
    }
  }
}
