import type { StreamPart, TokenInfo } from '@quern/spec';
import { describe, expect, it } from 'vitest';
import { chatChunks, chatCompletion } from './chat-response.ts';
import { completion, completionChunks } from './completion-response.ts';

const head = { id: 'x-1', created: 5, model: 'm' };
const usage = { promptTokens: 4, completionTokens: 2, cachedTokens: 3 };
const timings = { timeToFirstTokenMs: 1, prefillTokens: 1, prefillMs: 1, decodeTokens: 1, decodeMs: 1 };
const finish: StreamPart = { type: 'finish', reason: 'stop', usage, timings };
const openaiUsage = {
  prompt_tokens: 4,
  completion_tokens: 2,
  total_tokens: 6,
  prompt_tokens_details: { cached_tokens: 3 },
};

const token = (id: number, bytes: number[], logprob: number, top: TokenInfo['top'] = []): TokenInfo => ({
  id,
  bytes,
  logprob,
  top,
});
const face = [0xf0, 0x9f, 0x99, 0x82];
const tokens = [
  token(1, [0x68, 0x69], -0.5, [
    { id: 1, bytes: [0x68, 0x69], logprob: -0.5 },
    { id: 9, bytes: [0xf0], logprob: -2 },
  ]),
  token(2, face.slice(0, 2), -1),
  token(3, face.slice(2), -Infinity),
];

async function* parts(list: StreamPart[]) {
  yield* list;
}
const plain: StreamPart[] = [
  { type: 'prompt-start', promptIds: [1, 2, 3, 4] },
  { type: 'text-delta', text: 'Hel', ids: [1] },
  { type: 'text-delta', text: 'lo', ids: [2] },
  finish,
];
const withTokens: StreamPart[] = [
  { type: 'prompt-start', promptIds: [1] },
  { type: 'text-delta', text: 'hi', ids: [1], tokens: [tokens[0]!] },
  { type: 'text-delta', text: '', ids: [2], tokens: [tokens[1]!] },
  { type: 'text-delta', text: '🙂', ids: [3], tokens: [tokens[2]!] },
  finish,
];

async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

describe('chat answers', () => {
  it('come whole', async () => {
    expect(await chatCompletion(parts(plain), head, { logprobs: false })).toEqual({
      ...head,
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: openaiUsage,
      timings,
    });
  });

  it('come in chunks: the role, each part, the reason, the usage', async () => {
    const chunks = await all(chatChunks(parts(plain), head, { logprobs: false, includeUsage: true }));
    const chunk = { ...head, object: 'chat.completion.chunk', usage: null };
    const choice = { index: 0, logprobs: null, finish_reason: null };
    expect(chunks).toEqual([
      { ...chunk, choices: [{ ...choice, delta: { role: 'assistant', content: '' } }] },
      { ...chunk, choices: [{ ...choice, delta: { content: 'Hel' } }] },
      { ...chunk, choices: [{ ...choice, delta: { content: 'lo' } }] },
      { ...chunk, choices: [{ ...choice, delta: {}, finish_reason: 'stop' }], timings },
      { ...chunk, choices: [], usage: openaiUsage },
    ]);
  });

  it('say nothing of usage unless asked', async () => {
    const chunks = await all(chatChunks(parts(plain), head, { logprobs: false, includeUsage: false }));
    expect(chunks).toHaveLength(4);
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false);
  });

  it('carry logprobs in OpenAI shape', async () => {
    const whole = await chatCompletion(parts(withTokens), head, { logprobs: true });
    expect(whole.choices[0]!.logprobs).toEqual({
      content: [
        {
          token: 'hi',
          logprob: -0.5,
          bytes: [0x68, 0x69],
          top_logprobs: [
            { token: 'hi', logprob: -0.5, bytes: [0x68, 0x69] },
            { token: '\\xf0', logprob: -2, bytes: [0xf0] },
          ],
        },
        { token: '\\xf0\\x9f', logprob: -1, bytes: [0xf0, 0x9f], top_logprobs: [] },
        { token: '\\x99\\x82', logprob: -9999, bytes: [0x99, 0x82], top_logprobs: [] },
      ],
      refusal: null,
    });
    const chunks = await all(chatChunks(parts(withTokens), head, { logprobs: true, includeUsage: false }));
    expect(chunks.flatMap((chunk) => chunk.choices[0]!.logprobs?.content ?? [])).toEqual(
      whole.choices[0]!.logprobs!.content,
    );
  });

  it('throw when the engine ends without a reason', async () => {
    await expect(chatCompletion(parts(plain.slice(0, 3)), head, { logprobs: false })).rejects.toMatchObject({
      code: 'internal',
    });
  });

  it('leave as soon as their part arrives, and cancel the parts when left', async () => {
    const log: string[] = [];
    async function* slow(): AsyncGenerator<StreamPart> {
      try {
        for (const part of plain) {
          log.push(`made ${part.type}`);
          yield part;
        }
      } finally {
        log.push('closed');
      }
    }
    for await (const chunk of chatChunks(slow(), head, { logprobs: false, includeUsage: false })) {
      log.push(`got ${chunk.choices[0]!.delta.content}`);
      if (chunk.choices[0]!.delta.content === 'Hel') break;
    }
    expect(log).toEqual(['made prompt-start', 'got ', 'made text-delta', 'got Hel', 'closed']);
  });
});

describe('text completions', () => {
  it('come whole, with logprobs in their older shape', async () => {
    expect(await completion(parts(withTokens), head, { logprobs: true })).toEqual({
      ...head,
      object: 'text_completion',
      choices: [
        {
          index: 0,
          text: 'hi🙂',
          logprobs: {
            tokens: ['hi', 'bytes:\\xf0\\x9f', 'bytes:\\x99\\x82'],
            token_logprobs: [-0.5, -1, -9999],
            top_logprobs: [{ hi: -0.5, 'bytes:\\xf0': -2 }, {}, {}],
            text_offset: [0, 2, 2],
          },
          finish_reason: 'stop',
        },
      ],
      usage: openaiUsage,
      timings,
    });
  });

  it('come in chunks whose offsets go on', async () => {
    const chunks = await all(
      completionChunks(parts(withTokens), head, { logprobs: true, includeUsage: true }),
    );
    expect(chunks.map((chunk) => chunk.choices[0]?.text)).toEqual(['hi', '', '🙂', '', undefined]);
    expect(chunks.map((chunk) => chunk.choices[0]?.logprobs?.text_offset)).toEqual([
      [0],
      [2],
      [2],
      undefined,
      undefined,
    ]);
    expect(chunks.at(-2)!.choices[0]!.finish_reason).toBe('stop');
    expect(chunks.at(-1)!.usage).toEqual(openaiUsage);
  });
});
