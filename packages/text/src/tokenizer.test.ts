import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { createTokenizer, type Tokenizer } from './tokenizer.ts';
import { createTokenizerFromJson } from './tokenizer-json.ts';
import { vocabularyFromMetadata, type GgufVocabulary } from './vocabulary.ts';

interface Vector {
  text: string;
  ids_parse_special: number[];
  ids_plain: number[];
  ids_default: number[];
  detokenized_parse_special: string;
  detokenized_skip_special: string;
}
interface ChatCase {
  rendered: string;
  ids: number[];
}
interface TinyCase {
  name: string;
  kind: string;
  metadata: Record<string, unknown>;
  prompt_text: string;
  prompt_ids: number[];
}

const CASES = new URL('../../../e2e/conformance/', import.meta.url);
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, CASES), 'utf8'));
const fromMetadata = (metadata: Record<string, unknown>): Tokenizer =>
  createTokenizer(vocabularyFromMetadata(new Map(Object.entries(metadata))));
const ALL = { addSpecial: true, parseSpecial: true };
const PLAIN = { addSpecial: false, parseSpecial: false };

describe.each(['smollm2', 'gemma3-270m'])("%s's vectors, computed by llama.cpp", (name) => {
  const { vectors } = read(`tokenizer/${name}.json`) as { vectors: Vector[] };
  const part = read(`tokenizer/${name}.vocabulary.json`) as {
    ids: number[];
    metadata: Record<string, unknown>;
  };
  const tokenizer = fromMetadata(part.metadata);
  const whole = (ids: number[]): number[] => ids.map((id) => part.ids[id]!);
  const small = new Map(part.ids.map((id, index) => [id, index]));

  it.each(vectors)('encodes $text', ({ text, ids_parse_special, ids_plain, ids_default }) => {
    expect(whole(tokenizer.encode(text, { addSpecial: false, parseSpecial: true }))).toEqual(
      ids_parse_special,
    );
    expect(whole(tokenizer.encode(text, PLAIN))).toEqual(ids_plain);
    expect(whole(tokenizer.encode(text, ALL))).toEqual(ids_default);
  });

  it.each(vectors)(
    'decodes $text',
    ({ ids_parse_special, detokenized_parse_special, detokenized_skip_special }) => {
      const ids = ids_parse_special.map((id) => small.get(id)!);
      expect(tokenizer.decode(ids, { skipSpecial: false })).toBe(detokenized_parse_special);
      expect(tokenizer.decode(ids, { skipSpecial: true })).toBe(detokenized_skip_special);
    },
  );

  if (name === 'smollm2') {
    const { cases } = read('tokenizer/smollm2-chat.json') as { cases: ChatCase[] };
    it.each(cases)('encodes the chat $rendered', ({ rendered, ids }) => {
      expect(whole(tokenizer.encode(rendered, { addSpecial: false, parseSpecial: true }))).toEqual(ids);
    });
  }
});

describe('tiny vocabularies of other families', () => {
  const { cases } = read('tokenizer/tiny-vocabularies.json') as { cases: TinyCase[] };
  it.each(cases)('$name ($kind)', ({ metadata, prompt_text, prompt_ids }) => {
    const tokenizer = fromMetadata(metadata);
    expect(tokenizer.encode(prompt_text, ALL)).toEqual(prompt_ids);
    expect(tokenizer.decode(prompt_ids, { skipSpecial: true })).toBe(prompt_text);
  });
});

describe('createTokenizerFromJson', () => {
  it.each(['arch-llama', 'arch-llama3-rope'])('gives the ids of %s', (name) => {
    const tokenizer = createTokenizerFromJson(
      read(`${name}/tokenizer.json`),
      read(`${name}/tokenizer_config.json`),
    );
    const expected = read(`${name}/expected.json`) as {
      prompt_text: string;
      prompt_ids: number[];
      tokenizer: { bos_id: number; eos_id: number; vocab_size: number };
    };
    const { bos_id, eos_id, vocab_size } = expected.tokenizer;
    expect(tokenizer.encode(expected.prompt_text, ALL)).toEqual(expected.prompt_ids);
    expect(tokenizer.encode(expected.prompt_text, PLAIN)).toEqual(expected.prompt_ids.slice(1));
    expect(tokenizer.decode(expected.prompt_ids, { skipSpecial: true })).toBe(expected.prompt_text);
    expect(tokenizer).toMatchObject({
      bosId: bos_id,
      eosId: eos_id,
      vocabularySize: vocab_size,
      addBos: true,
    });
    expect(tokenizer.eogIds.has(eos_id)).toBe(true);
    const bos = tokenizer.tokenText(bos_id);
    expect(tokenizer.encode(bos, { addSpecial: false, parseSpecial: true })).toEqual([bos_id]);
    expect(tokenizer.encode(bos, PLAIN)).not.toContain(bos_id);
    expect(new TextDecoder().decode(tokenizer.bytes(bos_id))).toBe(bos);
  });

  it('refuses WordPiece and nonsense', () => {
    const wordPiece = { model: { type: 'WordPiece', vocab: {} } };
    expect(() => createTokenizerFromJson(wordPiece, {})).toThrow(
      expect.objectContaining({
        code: 'unsupported-tokenizer',
        message: expect.stringContaining('WordPiece') as string,
      }),
    );
    expect(() => createTokenizerFromJson([], {})).toThrow(expect.objectContaining({ code: 'corrupt-file' }));
  });
});

describe('createTokenizer', () => {
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
  const spm: GgufVocabulary = {
    model: 'llama',
    tokens: ['<unk>', '<s>', '</s>', '\u2581', 'a', 'b', 'c', 'ab', 'bc', '\u2581a', '<x>', '<xy>', ...bytes],
    tokenTypes: [2, 3, 3, 1, 1, 1, 1, 1, 1, 1, 3, 4, ...bytes.map(() => 6)],
    scores: [0, 0, 0, -1, -2, -2, -2, -10, -9, -20, 0, 0, ...bytes.map(() => 0)],
  };
  const BYTE0 = 12;

  it('joins by best score, the leftmost on a tie', () => {
    const encode = (text: string, scores = spm.scores): number[] =>
      createTokenizer({ ...spm, scores, addSpacePrefix: false }).encode(text, PLAIN);
    expect(encode('abc')).toEqual([4, 8]);
    expect(encode('abc', [0, 0, 0, -1, -2, -2, -2, -9, -9, -20, 0, 0, ...bytes.map(() => 0)])).toEqual([
      7, 6,
    ]);
  });

  it('puts a space before text that follows a special token or starts', () => {
    const tokenizer = createTokenizer(spm);
    expect(tokenizer.encode('a</s>a', ALL)).toEqual([1, 9, 2, 9]);
    expect(tokenizer.decode([9, 5], { skipSpecial: false })).toBe('ab');
    expect(new TextDecoder().decode(tokenizer.bytes(9))).toBe(' a');
  });

  it('falls back to bytes, and to the unknown token where there are none', () => {
    const tokenizer = createTokenizer({ ...spm, addSpacePrefix: false });
    expect(tokenizer.encode('\u00e9', PLAIN)).toEqual([BYTE0 + 0xc3, BYTE0 + 0xa9]);
    expect(tokenizer.bytes(BYTE0 + 0xc3)).toEqual(Uint8Array.of(0xc3));
    const cut = { ...spm, tokens: spm.tokens.slice(0, BYTE0), addSpacePrefix: false };
    expect(createTokenizer(cut).encode('a\u00e9', PLAIN)).toEqual([4, 0]);
  });

  it('matches user-defined tokens always, control tokens on request, the longest first', () => {
    const tokenizer = createTokenizer({ ...spm, addSpacePrefix: false });
    expect(tokenizer.encode('<xy>', PLAIN)).toEqual([11]);
    expect(tokenizer.encode('<x><xy>', { addSpecial: false, parseSpecial: true })).toEqual([10, 11]);
    expect(tokenizer.encode('<x>', PLAIN)).not.toContain(10);
    expect(tokenizer.isControl(10)).toBe(true);
    expect(tokenizer.isControl(11)).toBe(false);
    expect(tokenizer.isSpecial(0)).toBe(true);
  });

  it("swallows white space after Phi-3's special tokens", () => {
    const named = createTokenizer({ ...spm, addSpacePrefix: false, modelName: 'Phi-3 mini' });
    expect(named.encode('</s> \na', { addSpecial: false, parseSpecial: true })).toEqual([2, 4]);
  });

  it('collects what ends generation, with the exceptions of harmony', () => {
    const tokens = ['<|return|>', '<|call|>', '<|end|>', '<|endoftext|>', '<|channel|>', 'x'];
    const vocabulary = { model: 'gpt2', pre: 'gpt-4o', tokens, merges: [], eosId: 0 };
    const tokenizer = createTokenizer(vocabulary);
    expect([...tokenizer.eogIds].sort()).toEqual([0, 1, 3]);
    expect(tokenizer.isControl(0)).toBe(true);
    expect(tokenizer.isSpecial(2)).toBe(false);
    const plain = createTokenizer({ ...vocabulary, tokens: ['x', '<|end|>', '</s>'], eotId: 0 });
    expect([...plain.eogIds].sort()).toEqual([0, 1, 2]);
  });

  it('replaces lone surrogates and survives hostile texts', () => {
    const tokenizer = createTokenizer({ ...spm, addSpacePrefix: false });
    expect(tokenizer.encode('\ud83d', PLAIN)).toEqual([0xef, 0xbf, 0xbd].map((byte) => BYTE0 + byte));
    expect(tokenizer.encode('ab'.repeat(50_000), PLAIN)).toHaveLength(50_000);
  });

  it("keeps a token called '__proto__'", () => {
    const tokens = ['_', 'p', 'r', 'o', 't', '__', 'pr', 'pro', 'prot', 'proto', '__proto', '__proto__'];
    const merges = ['_ _', 'p r', 'pr o', 'pro t', 'prot o', '__ proto', '__proto __'];
    const tokenizer = createTokenizer({ model: 'gpt2', pre: 'bloom', tokens, merges });
    expect(tokenizer.encode('__proto__', PLAIN)).toEqual([11]);
  });

  it.each([
    ['a bert vocabulary', { model: 'bert', tokens: ['a'] }, 'unsupported-tokenizer', /bert.*llama/],
    [
      'an unknown pre-tokenizer',
      { model: 'gpt2', pre: 'novel', tokens: [], merges: [] },
      'unsupported-tokenizer',
      /'novel'.*qwen2/,
    ],
    ['missing merges', { model: 'gpt2', tokens: [] }, 'corrupt-file', /merges/],
    ['a broken merge', { model: 'gpt2', tokens: ['a'], merges: ['aa'] }, 'corrupt-file', /merge 0/],
    ['missing scores', { model: 'llama', tokens: ['a'] }, 'corrupt-file', /scores/],
    ['too few scores', { model: 'llama', tokens: ['a', 'b'], scores: [1] }, 'corrupt-file', /1 scores for 2/],
    ['BOS wanted and absent', { model: 'llama', tokens: ['a'], scores: [1] }, 'corrupt-file', /BOS/],
  ] as const)('refuses %s', (_, vocabulary, code, words) => {
    expect(() => createTokenizer(vocabulary)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(words) as string }),
    );
  });
});

describe('vocabularyFromMetadata', () => {
  const base = { 'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.tokens': ['a', 'b'] };
  const from = (more: Record<string, unknown>): GgufVocabulary =>
    vocabularyFromMetadata(new Map(Object.entries({ ...base, ...more })));

  it('reads typed arrays and bigints', () => {
    const vocabulary = from({
      'tokenizer.ggml.bos_token_id': 1n,
      'tokenizer.ggml.scores': Float32Array.of(1, 2),
    });
    expect(vocabulary).toMatchObject({ model: 'gpt2', bosId: 1, scores: Float32Array.of(1, 2) });
  });

  it.each([
    ['tokenizer.ggml.tokens', [1, 2]],
    ['tokenizer.ggml.bos_token_id', 'one'],
    ['tokenizer.ggml.add_bos_token', 1],
    ['tokenizer.ggml.scores', [1]],
    ['tokenizer.ggml.token_type', ['a', 'b']],
  ])('refuses a wrong %s', (key, value) => {
    expect(() => from({ [key]: value })).toThrow(
      expect.objectContaining({ code: 'corrupt-file', message: expect.stringContaining(key) as string }),
    );
  });

  it('says when there is no vocabulary', () => {
    expect(() => vocabularyFromMetadata(new Map())).toThrow(
      expect.objectContaining({ code: 'unsupported-tokenizer' }),
    );
  });
});

describe('gemma4', () => {
  it('merges UTF-8 text with byte fallback and always starts with BOS', () => {
    const tokens = ['<bos>', '\u2581', 'a', '\u2581a', '\n', '\n\n', '<0xC3>', '<0xA9>'];
    const vocabulary = {
      model: 'gemma4',
      tokens,
      tokenTypes: [3, 1, 1, 1, 1, 1, 6, 6],
      addBos: false,
      bosId: 0,
    };
    const tokenizer = createTokenizer({ ...vocabulary, merges: ['\u2581 a', '\n \n'] });
    expect(tokenizer.encode('a a\n\n\u00e9', ALL)).toEqual([0, 2, 3, 5, 6, 7]);
    expect(tokenizer.decode([2, 3, 5, 6, 7], { skipSpecial: true })).toBe('a a\n\n\u00e9');
  });
});
