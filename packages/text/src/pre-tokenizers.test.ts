import { describe, expect, it } from 'vitest';

import { findPreTokenizer, preTokenizerNames } from './pre-tokenizers.ts';
import { createTokenizer } from './tokenizer.ts';

/** GPT-2's byte alphabet as a vocabulary without merges: ids spell the text byte for byte. */
const alphabet = ((): string[] => {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
})();

const TEXTS = [
  "It's 12345 o'clock, I'LL go; caf\u00e9 na\u00efve \u00c9COLE fooBar",
  '\u65e5\u672c\u8a9e\u306e\u30c6\u30b9\u30c8 \ud55c\uad6d\uc5b4 \u0e44\u0e17\u0e22 \u0939\u093f\u0928\u094d\u0926\u0940 \u0420\u0443\u0441\u0441\u043a\u0438\u0439',
  ' \t\n\r\n  \u00a0\u3000x\u0085\u2028 ',
  '\u00bd\u00b2\u2460\u0663 $+<=>^~| `code` (a|b) \ud83d\ude42\u200d\ud83d\udc68\ufeff\u0000',
  'a'.repeat(3000) + ' '.repeat(3000) + '9'.repeat(3000) + '!'.repeat(3000) + '\n'.repeat(3000),
];

describe.each(preTokenizerNames)('%s', (name) => {
  const pre = findPreTokenizer(name);

  it('loses no byte of any text', () => {
    const model = pre.byteLevel ? 'gpt2' : 'gemma4';
    const tokens = pre.byteLevel
      ? alphabet
      : Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    const tokenTypes = tokens.map(() => (pre.byteLevel ? 1 : 6));
    const tokenizer = createTokenizer({
      model,
      pre: name,
      tokens,
      tokenTypes,
      merges: [],
      bosId: 0,
      eosId: 0,
    });
    for (const text of TEXTS) {
      const ids = tokenizer.encode(text, { addSpecial: false, parseSpecial: false });
      // Without byte tokens for the space's stand-in a space comes back as U+2581.
      const spelled = pre.byteLevel ? text : text.replaceAll(' ', '\u2581');
      expect(tokenizer.decode(ids, { skipSpecial: true })).toBe(spelled);
    }
  });
});

/** The pieces of a text, seen through a vocabulary that merges every neighbour pair of its characters. */
function pieces(pre: string, text: string): string[] {
  const characters = [...new Set(text)];
  const tokens = [...alphabet, ...characters.flatMap((a) => characters.map((b) => a + b))];
  const spaced = tokens.map((token) => token.replaceAll(' ', '\u0120').replaceAll('\n', '\u010a'));
  const unique = [...new Set(spaced)];
  const merges = unique.slice(256).map((token) => [...token].join(' '));
  const tokenizer = createTokenizer({ model: 'gpt2', pre, tokens: unique, merges, addBos: false });
  const ids = tokenizer.encode(text, { addSpecial: false, parseSpecial: false });
  return ids.map((id) => tokenizer.decode([id], { skipSpecial: false }));
}

describe('splits', () => {
  // Two characters that stay two tokens were cut apart; every pair could merge.
  it.each([
    ['smollm', '12', ['1', '2']],
    ['gpt-2', '12', ['12']],
    ['qwen2', '12', ['1', '2']],
    ['llama-bpe', '1234', ['12', '3', '4']],
    ['superbpe', '1234', ['1', '23', '4']],
    ['default', 'a.', ['a', '.']],
    ['gpt-2', 'a.', ['a', '.']],
    ['llama-bpe', '.a', ['.a']],
    ['gpt-2', '.a', ['.', 'a']],
    ['gpt-4o', 'aB', ['a', 'B']],
    ['qwen2', 'aB', ['aB']],
    ['tekken', 'Ba', ['Ba']],
    ['deepseek-llm', 'a\n', ['a', '\n']],
    ['bloom', 'a1', ['a1']],
    ['bloom', 'a,', ['a', ',']],
    ['deepseek-v3', '+a', ['+a']],
    ['falcon', '+a', ['+', 'a']],
  ])('%s cuts %j into %j', (pre, text, expected) => {
    expect(pieces(pre, text)).toEqual(expected);
  });
});
