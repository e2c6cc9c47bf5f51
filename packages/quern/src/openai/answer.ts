// What every shape of an answer needs: its head, and the parts of a whole answer gathered.

import { QuernError, type StreamPart, type TokenInfo } from '@quern/spec';

export interface AnswerHead {
  id: string;
  /** Unix seconds. */
  created: number;
  model: string;
}

export function answerHead(prefix: 'chatcmpl' | 'cmpl', model: string): AnswerHead {
  return { id: `${prefix}-${crypto.randomUUID()}`, created: Math.floor(Date.now() / 1000), model };
}

export interface GatheredAnswer {
  text: string;
  /** Undefined where no logprobs were asked for. */
  tokens: TokenInfo[] | undefined;
  finish: Extract<StreamPart, { type: 'finish' }>;
}

export async function gather(parts: AsyncIterable<StreamPart>): Promise<GatheredAnswer> {
  let text = '';
  let tokens: TokenInfo[] | undefined;
  for await (const part of parts) {
    if (part.type === 'finish') return { text, tokens, finish: part };
    if (part.type !== 'text-delta') continue;
    text += part.text;
    if (part.tokens) (tokens ??= []).push(...part.tokens);
  }
  throw new QuernError('internal', 'The engine ended the answer without saying why.');
}
