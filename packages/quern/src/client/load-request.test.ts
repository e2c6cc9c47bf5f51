import { expect, it } from 'vitest';
import { toLoadRequest } from './load-request.ts';

const model = 'https://m/x.gguf';

it('reads a prompt that comes with the load as a request does', () => {
  const messages = [
    { role: 'developer' as const, content: 'Be brief.' },
    { role: 'user' as const, content: [{ type: 'text' as const, text: 'Hi' }] },
  ];
  expect(toLoadRequest({ model, prompt: messages }).prompt).toEqual({
    kind: 'chat',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ],
  });
  expect(toLoadRequest({ model, prompt: 'Once' }).prompt).toEqual({ kind: 'text', text: 'Once' });
  expect(toLoadRequest({ model }).prompt).toBeUndefined();
});

it.each<[string, unknown, string]>([
  ['an empty list', [], "'prompt' must be a list"],
  ['a number', 5, "'prompt' must be a list"],
  ['a role that there is not', [{ role: 'cat', content: 'x' }], "'prompt[0].role'"],
  ['an image', [{ role: 'user', content: [{ type: 'image_url' }] }], "'prompt[0].content[0]'"],
])('refuses %s, naming it', (_, prompt, message) => {
  expect(() => toLoadRequest({ model, prompt: prompt as string })).toThrow(
    expect.objectContaining({ code: 'invalid-request', message: expect.stringContaining(message) }),
  );
});
