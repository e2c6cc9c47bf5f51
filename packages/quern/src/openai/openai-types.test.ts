// Code written for the npm package `openai` must take our answers, and its requests must fit ours. The
// check is the type check; the test keeps the file among those that run.

import type OpenAI from 'openai';
import { expectTypeOf, it } from 'vitest';
import type { ChatCompletion, ChatCompletionChunk, ChatMessageParam, ChatParams } from './chat-types.ts';
import type { Completion, CompletionParams } from './completion-types.ts';

type Chat = OpenAI.Chat.ChatCompletionCreateParams;
/** What of OpenAI's request this engine takes. */
type Shared<Ours, Theirs> = Pick<Theirs, Extract<keyof Ours, keyof Theirs>>;

it('answers are those of the openai package', () => {
  expectTypeOf<ChatCompletion>().toExtend<OpenAI.Chat.ChatCompletion>();
  expectTypeOf<ChatCompletionChunk>().toExtend<OpenAI.Chat.ChatCompletionChunk>();
  expectTypeOf<Completion>().toExtend<OpenAI.Completion>();
});

it('requests fit both ways', () => {
  type Narrow = 'messages' | 'response_format' | 'model';
  expectTypeOf<ChatMessageParam[]>().toExtend<Chat['messages']>();
  expectTypeOf<Omit<Shared<ChatParams, Chat>, Narrow>>().toExtend<Omit<ChatParams, Narrow>>();
  expectTypeOf<Shared<CompletionParams, OpenAI.CompletionCreateParams>>().toExtend<CompletionParams>();
});
