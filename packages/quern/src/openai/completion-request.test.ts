import { describe, expect, it } from 'vitest';
import { readCompletionRequest } from './completion-request.ts';

const read = (params: object) => readCompletionRequest(params, () => 1).request;

describe('a completion request', () => {
  it.each([
    ['Once', { kind: 'text', text: 'Once' }],
    [[1, 2], { kind: 'ids', ids: [1, 2] }],
    [['Once'], { kind: 'text', text: 'Once' }],
    [[[3, 4]], { kind: 'ids', ids: [3, 4] }],
  ])('takes the prompt %o', (prompt, expected) => {
    expect(read({ prompt }).prompt).toEqual(expected);
  });

  it('has OpenAI defaults, and takes logprobs as a number', () => {
    expect(read({ prompt: 'a' })).toMatchObject({ maxTokens: 16, topLogprobs: undefined, ignoreEos: false });
    expect(read({ prompt: 'a', logprobs: 0 }).topLogprobs).toBe(0);
    expect(
      read({ prompt: 'a', logprobs: 20, max_tokens: 3, best_of: 1, echo: false, suffix: '' }),
    ).toMatchObject({
      maxTokens: 3,
      topLogprobs: 20,
    });
  });

  it('takes adapters by id, at scale 1 unless it is given', () => {
    expect(read({ prompt: 'a' }).adapters).toBeUndefined();
    const adapters = [{ id: 'a' }, { id: 'b', scale: -0.5 }, { id: 'c', scale: null }];
    expect(read({ prompt: 'a', adapters }).adapters).toEqual([
      { id: 'a', scale: 1 },
      { id: 'b', scale: -0.5 },
      { id: 'c', scale: 1 },
    ]);
  });

  it.each([
    [{ prompt: 'a', adapters: 'x' }, /'adapters' must be a list/],
    [{ prompt: 'a', adapters: [{ scale: 1 }] }, /'adapters\[0\].id' must be a text/],
    [{ prompt: 'a', adapters: [{ id: 'x', scale: 101 }] }, /'scale' must be a number from -100 to 100/],
    [{ prompt: 'a', adapters: [{ id: 'x', weight: 1 }] }, /'adapters\[0\].weight'. Known are: id, scale/],
    [{ prompt: [] }, /empty list/],
    [{ prompt: ['a', 'b'] }, /2 prompts/],
    [{ prompt: [1, 'b'] }, /'prompt\[1\]' must be a token id/],
    [{ prompt: [1, -2] }, /'prompt\[1\]'/],
    [{ prompt: [{}] }, /'prompt\[0\]'/],
    [{}, /'prompt'/],
    [{ prompt: 'a', logprobs: 21 }, /'logprobs'/],
    [{ prompt: 'a', logprobs: true }, /'logprobs'/],
    [{ prompt: 'a', best_of: 2 }, /'best_of'/],
    [{ prompt: 'a', echo: true }, /'echo'/],
    [{ prompt: 'a', suffix: 'z' }, /'suffix'/],
    [{ prompt: 'a', messages: [] }, /Unknown parameter 'messages'/],
  ])('refuses %o', (params, expected) => {
    expect(() => read(params)).toThrow(expected);
  });
});
