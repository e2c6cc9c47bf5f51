// The two `create` calls: reads the request, starts the backend, shapes what comes back.

import { type StreamPart, throwIfAborted } from '@quern/spec';
import { answerHead } from '../openai/answer.ts';
import { readChatRequest } from '../openai/chat-request.ts';
import { chatChunks, chatCompletion } from '../openai/chat-response.ts';
import { completion, completionChunks } from '../openai/completion-response.ts';
import { readCompletionRequest } from '../openai/completion-request.ts';
import type { RequestOptions } from '../openai/shared-params.ts';
import type { ReadRequest } from '../openai/shared-request.ts';
import type { Backend, CreateChatCompletion, CreateCompletion } from './engine.ts';

export function chatCreate(backend: () => Backend, model: string): CreateChatCompletion {
  const create = (params: unknown, options?: RequestOptions) =>
    answer(params, () => {
      const read = readChatRequest(params);
      const [head, shape] = [answerHead('chatcmpl', model), shapeOf(read)];
      const parts = run(backend, read, options);
      return read.stream ? chatChunks(parts, head, shape) : chatCompletion(parts, head, shape);
    });
  return create as CreateChatCompletion;
}

export function completionCreate(backend: () => Backend, model: string): CreateCompletion {
  const create = (params: unknown, options?: RequestOptions) =>
    answer(params, () => {
      const read = readCompletionRequest(params);
      const [head, shape] = [answerHead('cmpl', model), shapeOf(read)];
      const parts = run(backend, read, options);
      return read.stream ? completionChunks(parts, head, shape) : completion(parts, head, shape);
    });
  return create as CreateCompletion;
}

/** A request that cannot be read throws at once when streaming, and rejects the promise otherwise. */
function answer<T>(params: unknown, start: () => T): T | Promise<never> {
  const streaming = (params as { stream?: unknown } | null | undefined)?.stream === true;
  try {
    return start();
  } catch (error) {
    if (streaming) throw error;
    return Promise.reject(error as Error);
  }
}

function shapeOf({ request, includeUsage }: ReadRequest) {
  return { logprobs: request.topLogprobs !== undefined, includeUsage };
}

async function* run(
  backend: () => Backend,
  { request }: ReadRequest,
  options: RequestOptions | undefined,
): AsyncGenerator<StreamPart, void, undefined> {
  const signal = options?.signal ?? undefined;
  throwIfAborted(signal);
  yield* backend().generate(request, signal);
}
