// The prompt that a load may come with, in the words of the requests that it goes before.

import type { Prompt } from '@quern/spec';
import { readMessages } from '../openai/chat-request.ts';
import type { ChatMessageParam } from '../openai/chat-types.ts';
import type { LoadRequest } from '../wire/host-api.ts';

/** A load request as people write it. */
export interface EngineRequest extends Omit<LoadRequest, 'baseUrl' | 'prompt'> {
  /**
   * What the first request will begin with: the messages of a chat, or the text of a completion. It is computed while
   * the weights arrive, so that the first token follows soon after the last of them. The load then also throws what
   * such a request throws: 'invalid-request', 'template-error', 'context-overflow'.
   */
  prompt?: ChatMessageParam[] | string;
}

/** The same as the engine takes it. Throws 'invalid-request', naming the message. */
export function readEarlyPrompt(prompt: EngineRequest['prompt']): Prompt | undefined {
  if (prompt === undefined) return undefined;
  if (typeof prompt === 'string') return { kind: 'text', text: prompt };
  return { kind: 'chat', messages: readMessages(prompt, 'prompt') };
}
