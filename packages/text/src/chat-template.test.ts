import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { createChatTemplate } from './chat-template.ts';
import { encodeChat } from './encode-chat.ts';
import { formatTime } from './strftime.ts';
import { createTokenizer } from './tokenizer.ts';

interface ChatCase {
  name: string;
  messages: Array<{ role: string; content: string }>;
  add_generation_prompt: boolean;
  rendered: string;
}
const oracle = JSON.parse(
  readFileSync(new URL('../../../e2e/conformance/tokenizer/smollm2-chat.json', import.meta.url), 'utf8'),
) as { template: string; variables: { bos_token: string; eos_token: string }; cases: ChatCase[] };

const render = (source: string, extra: Record<string, unknown> = {}): string =>
  createChatTemplate(source, { bosToken: '<s>' }).render([{ role: 'user', content: 'Hi' }], {
    addGenerationPrompt: true,
    extra,
  });

describe('createChatTemplate', () => {
  const { bos_token: bosToken, eos_token: eosToken } = oracle.variables;
  const smollm2 = createChatTemplate(oracle.template, { bosToken, eosToken });
  it.each(oracle.cases)(
    'renders SmolLM2 as jinja2 does: $name',
    ({ messages, add_generation_prompt, rendered }) => {
      expect(smollm2.render(messages, { addGenerationPrompt: add_generation_prompt })).toBe(rendered);
    },
  );

  it('trims blocks and strips the space before them', () => {
    expect(render('  {% if true %}\nyes\n  {% endif %}\nno')).toBe('yes\nno');
  });

  it('hands over tokens, tools and extra variables', () => {
    expect(
      render(
        '{{ bos_token }}{% if tools is none %}T{% endif %}{% if eos_token is defined %}E{% endif %}{{ thinking }}',
        { thinking: 7 },
      ),
    ).toBe('<s>T7');
    const template = createChatTemplate('{{ tools[0].function.name }}', {});
    const tools = [{ type: 'function', function: { name: 'add' } }];
    expect(template.render([], { addGenerationPrompt: false, tools })).toBe('add');
  });

  it("turns a template's exception into 'template-error' with its words", () => {
    expect(() => render("{{ raise_exception('Roles must alternate') }}")).toThrow(
      expect.objectContaining({
        code: 'template-error',
        message: expect.stringContaining('Roles must alternate') as string,
      }),
    );
  });

  it("refuses what cannot be parsed with 'template-error'", () => {
    expect(() => createChatTemplate('{% if %}', {})).toThrow(
      expect.objectContaining({ code: 'template-error' }),
    );
    expect(() => createChatTemplate(' '.repeat(2_000_000), {})).toThrow(/characters/);
  });

  it.each([
    [
      'loops',
      '{% for a in range(100000) %}{% for b in range(100000) %}{% set c = a + b %}{% endfor %}{% endfor %}',
      /steps/,
    ],
    ['long ranges', '{% for a in range(10000000000) %}{% endfor %}', /range/],
    [
      'doubling strings',
      `{% set ns = namespace(x='ab') %}{% for a in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}`,
      /grows/,
    ],
    [
      'doubling lists',
      `{% set ns = namespace(x=[1]) %}{% for a in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}`,
      /grows/,
    ],
    ['endless macros', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}', /failed/],
  ])('stops %s', (_, source, words) => {
    expect(() => render(source)).toThrow(
      expect.objectContaining({ code: 'template-error', message: expect.stringMatching(words) as string }),
    );
  });

  it('writes dates in English', () => {
    const date = new Date(2024, 6, 6, 15, 4, 5);
    expect(formatTime(date, '%d %b %Y, %A %-d %B %y %H:%M:%S %I %p %j %% %Q')).toBe(
      '06 Jul 2024, Saturday 6 July 24 15:04:05 03 PM 188 % %Q',
    );
    expect(render("{{ strftime_now('%Y') }}")).toBe(String(new Date().getFullYear()));
  });
});

describe('encodeChat', () => {
  const tokens = ['<unk>', '<s>', '</s>', 'a'];
  const vocabulary = {
    model: 'llama',
    tokens,
    scores: [0, 0, 0, 0],
    tokenTypes: [2, 3, 3, 1],
    addSpacePrefix: false,
  };
  it('adds BOS once, and never EOS', () => {
    const adds = createTokenizer({ ...vocabulary, addBos: true, addEos: true });
    expect(encodeChat(adds, 'a')).toEqual([1, 3]);
    expect(encodeChat(adds, '<s>a')).toEqual([1, 3]);
    expect(encodeChat(createTokenizer({ ...vocabulary, addBos: false }), 'a</s>')).toEqual([3, 2]);
  });
});
