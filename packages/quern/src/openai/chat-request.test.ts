import { QuernError } from '@quern/spec';
import { describe, expect, it } from 'vitest';
import { readChatRequest } from './chat-request.ts';

const hello = [{ role: 'user', content: 'Hi' }];
const read = (params: object) => readChatRequest({ messages: hello, ...params }, () => 77);

function refusal(params: unknown): string {
  try {
    readChatRequest(params, () => 0);
  } catch (error) {
    expect(QuernError.is(error) && error.code).toBe('invalid-request');
    return (error as Error).message;
  }
  throw new Error('was not refused');
}

describe('a chat request', () => {
  it('has OpenAI defaults', () => {
    expect(read({})).toEqual({
      request: {
        prompt: { kind: 'chat', messages: hello },
        sampling: {
          temperature: 1,
          topP: 1,
          topK: 0,
          minP: 0,
          repetitionPenalty: 1,
          frequencyPenalty: 0,
          presencePenalty: 0,
          logitBias: [],
          seed: 77,
        },
        maxTokens: undefined,
        stop: [],
        ignoreEos: false,
        topLogprobs: undefined,
      },
      stream: false,
      includeUsage: false,
    });
  });

  it('takes every parameter to where it belongs', () => {
    const { request, stream, includeUsage } = read({
      model: 'any',
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      min_p: 0.05,
      repetition_penalty: 1.1,
      frequency_penalty: -1,
      presence_penalty: 2,
      logit_bias: { '50': -100, '7': 5 },
      stop: ['a', 'b'],
      seed: 3,
      max_tokens: 9,
      ignore_eos: true,
      logprobs: true,
      top_logprobs: 20,
      stream: true,
      stream_options: { include_usage: true },
      user: 'me',
      metadata: { a: 'b' },
      store: false,
      n: 1,
      response_format: { type: 'text' },
      tools: [],
    });
    expect(request.sampling).toEqual({
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      minP: 0.05,
      repetitionPenalty: 1.1,
      frequencyPenalty: -1,
      presencePenalty: 2,
      logitBias: [
        [7, 5],
        [50, -100],
      ],
      seed: 3,
    });
    expect(request).toMatchObject({ maxTokens: 9, stop: ['a', 'b'], ignoreEos: true, topLogprobs: 20 });
    expect({ stream, includeUsage }).toEqual({ stream: true, includeUsage: true });
  });

  it('counts null as absent', () => {
    const nulls = {
      temperature: null,
      stop: null,
      max_tokens: null,
      logprobs: null,
      tools: null,
      stream: null,
    };
    expect(read(nulls)).toEqual(read({}));
  });

  it('reads max_completion_tokens, and refuses two limits that disagree', () => {
    expect(read({ max_completion_tokens: 5 }).request.maxTokens).toBe(5);
    expect(read({ max_completion_tokens: 5, max_tokens: 5 }).request.maxTokens).toBe(5);
    expect(refusal({ messages: hello, max_completion_tokens: 5, max_tokens: 6 })).toMatch(/disagree/);
  });

  it('counts logprobs without top_logprobs as the chosen token alone', () => {
    expect(read({ logprobs: true }).request.topLogprobs).toBe(0);
    expect(read({ logprobs: false }).request.topLogprobs).toBeUndefined();
    expect(refusal({ messages: hello, top_logprobs: 2 })).toMatch(/needs `logprobs: true`/);
  });

  it('joins text parts, and renders developer as system', () => {
    const messages = [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        name: 'Ann',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'assistant', content: 'c', refusal: null, tool_calls: [] },
    ];
    expect(readChatRequest({ messages }).request.prompt).toEqual({
      kind: 'chat',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'ab', name: 'Ann' },
        { role: 'assistant', content: 'c' },
      ],
    });
  });

  it('draws a seed when there is none', () => {
    const seeds = new Set(
      Array.from({ length: 8 }, () => readChatRequest({ messages: hello }).request.sampling.seed),
    );
    expect(seeds.size).toBeGreaterThan(1);
  });

  it('names an unknown parameter and lists the known', () => {
    const message = refusal({ messages: hello, temprature: 1 });
    expect(message).toContain("'temprature'");
    expect(message).toMatch(/Known are: .*temperature/);
    expect(refusal({ messages: hello, constructor: 1 })).toContain("'constructor'");
  });

  it.each([
    [{ n: 2 }, /'n'/],
    [{ tools: [{}] }, /'tools'.*not supported yet/],
    [{ tool_choice: 'auto' }, /'tool_choice'/],
    [{ response_format: { type: 'json_object' } }, /'response_format'/],
    [{ store: true }, /'store'/],
    [{ audio: {} }, /'audio'/],
    [{ temperature: 2.1 }, /'temperature' must be a number from 0 to 2, not 2.1/],
    [{ temperature: NaN }, /'temperature'/],
    [{ temperature: '1' }, /'temperature'.*"1"/],
    [{ top_p: 0 }, /'top_p' must be a number over 0 to 1/],
    [{ top_k: 1.5 }, /'top_k' must be a whole number/],
    [{ min_p: -0.1 }, /'min_p'/],
    [{ repetition_penalty: 0 }, /'repetition_penalty'/],
    [{ presence_penalty: 3 }, /'presence_penalty'/],
    [{ frequency_penalty: -3 }, /'frequency_penalty'/],
    [{ max_tokens: 0 }, /'max_tokens'/],
    [{ seed: 0.5 }, /'seed'/],
    [{ stop: '' }, /'stop'/],
    [{ stop: Array.from({ length: 17 }, (_, i) => `${i}`) }, /'stop' may hold 16/],
    [{ stop: [1] }, /'stop'/],
    [{ logit_bias: { '5': 101 } }, /'5'/],
    [{ logit_bias: { five: 1 } }, /token ids/],
    [{ logit_bias: [1] }, /'logit_bias'/],
    [{ logprobs: 3 }, /'logprobs'/],
    [{ logprobs: true, top_logprobs: 21 }, /'top_logprobs'/],
    [{ ignore_eos: 'yes' }, /'ignore_eos'/],
    [{ stream: 'true' }, /'stream'/],
    [{ stream_options: { include_usage: true } }, /needs `stream: true`/],
    [{ stream: true, stream_options: { usage: true } }, /stream_options.usage/],
    [{ messages: [] }, /'messages'/],
    [{ messages: 'Hi' }, /'messages'/],
    [{ messages: [{ role: 'tool', content: 'x' }] }, /'messages\[0\].role'.*not supported yet/],
    [{ messages: [{ role: 'wizard', content: 'x' }] }, /must be one of system/],
    [{ messages: [{ role: 'user', content: 5 }] }, /'messages\[0\].content'/],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, /"image_url".*text only/],
    [{ messages: [{ role: 'assistant', content: 'x', tool_calls: [{}] }] }, /tool_calls/],
    [{ messages: [{ role: 'user', content: 'x', colour: 1 }] }, /'messages\[0\].colour'/],
  ])('refuses %o', (params, expected) => {
    expect(refusal({ messages: hello, ...params })).toMatch(expected);
  });

  it('refuses what is no object', () => {
    for (const params of [undefined, null, 'x', []]) expect(refusal(params)).toMatch(/must be an object/);
  });
});
