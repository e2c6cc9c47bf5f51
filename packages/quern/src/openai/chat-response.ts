// Stream parts -> OpenAI's chat completion, whole or in chunks.

import type { StreamPart } from '@quern/spec';
import { type AnswerHead, gather } from './answer.ts';
import type { ChatCompletion, ChatCompletionChunk } from './chat-types.ts';
import { toChatLogprobs } from './logprobs.ts';
import { toUsage } from './usage.ts';

export interface ShapeOptions {
  /** Whether the request asked for logprobs. */
  logprobs: boolean;
  includeUsage: boolean;
}

export async function chatCompletion(
  parts: AsyncIterable<StreamPart>,
  head: AnswerHead,
  options: Pick<ShapeOptions, 'logprobs'>,
): Promise<ChatCompletion> {
  const { text, tokens, finish } = await gather(parts);
  return {
    id: head.id,
    object: 'chat.completion',
    created: head.created,
    model: head.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: text, refusal: null },
        logprobs: options.logprobs ? toChatLogprobs(tokens ?? []) : null,
        finish_reason: finish.reason,
      },
    ],
    usage: toUsage(finish.usage),
    timings: finish.timings,
  };
}

/** One chunk per part, as it comes; the role first, the finish reason last, then the usage if asked for. */
export async function* chatChunks(
  parts: AsyncIterable<StreamPart>,
  head: AnswerHead,
  options: ShapeOptions,
): AsyncGenerator<ChatCompletionChunk, void, undefined> {
  type Choice = ChatCompletionChunk['choices'][number];
  const chunk = (choice: Omit<Choice, 'index'> | undefined): ChatCompletionChunk => ({
    id: head.id,
    object: 'chat.completion.chunk',
    created: head.created,
    model: head.model,
    choices: choice ? [{ index: 0, ...choice }] : [],
    ...(options.includeUsage ? { usage: null } : {}),
  });
  for await (const part of parts) {
    switch (part.type) {
      case 'prompt-start':
        yield chunk({ delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null });
        break;
      case 'text-delta':
        yield chunk({
          delta: { content: part.text },
          logprobs: options.logprobs ? toChatLogprobs(part.tokens ?? []) : null,
          finish_reason: null,
        });
        break;
      case 'finish':
        yield {
          ...chunk({ delta: {}, logprobs: null, finish_reason: part.reason }),
          timings: part.timings,
        };
        if (options.includeUsage) yield { ...chunk(undefined), usage: toUsage(part.usage) };
        break;
      default:
        part satisfies never;
    }
  }
}
