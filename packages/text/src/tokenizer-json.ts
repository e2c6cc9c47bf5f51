// Tokenizers of Hugging Face folders (tokenizer.json + tokenizer_config.json), encoded as they are by
// @huggingface/tokenizers. This file adds what the library does not offer: bytes of a token, end-of-
// generation ids, and encoding that leaves special tokens in the text alone.

import { QuernError } from '@quern/spec';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';

import { resolveSpecialTokens } from './special-tokens.ts';
import { concatBytes, createTokenBytes, decodeUtf8, fallbackByte } from './token-bytes.ts';
import type { Tokenizer } from './tokenizer.ts';
import { TOKEN_BYTE, TOKEN_CONTROL, TOKEN_NORMAL, TOKEN_USER_DEFINED } from './vocabulary.ts';

type Json = Record<string, unknown>;

interface AddedToken {
  id: number;
  content: string;
  special: boolean;
}

/** Largest id believed; the largest vocabularies in use have about 260 000. */
const MAX_ID = 4_000_000;

/**
 * A tokenizer over the two parsed files (`tokenizerConfig` may be `{}`). `eosIds` end generation besides those
 * that are known by their text: generation_config.json lists them.
 * Throws QuernError 'unsupported-tokenizer' for models other than BPE and Unigram and for definitions that
 * the library refuses, 'corrupt-file' for ill-formed ones.
 */
export function createTokenizerFromJson(
  tokenizerJson: unknown,
  tokenizerConfig: unknown,
  eosIds: readonly number[] = [],
): Tokenizer {
  if (!isJson(tokenizerJson) || !isJson(tokenizerJson['model'])) {
    throw new QuernError('corrupt-file', 'tokenizer.json should be an object with a "model"');
  }
  const config = isJson(tokenizerConfig) ? tokenizerConfig : {};
  const model = tokenizerJson['model'];
  const kind = modelKind(model);
  if (kind !== 'BPE' && kind !== 'Unigram') {
    throw new QuernError(
      'unsupported-tokenizer',
      `tokenizer.json holds a '${kind}' model; BPE and Unigram work`,
    );
  }
  const added = readAddedTokens(tokenizerJson['added_tokens']);
  const full = build(tokenizerJson, config, tokenizerJson['added_tokens'] ?? []);
  let plain: HuggingFaceTokenizer | undefined;
  const withoutSpecial = (): HuggingFaceTokenizer => {
    const list = (tokenizerJson['added_tokens'] as unknown[] | undefined) ?? [];
    return (plain ??= build(
      tokenizerJson,
      config,
      list.filter((entry) => isJson(entry) && !entry['special']),
    ));
  };

  const tokens = readTokens(full, added);
  const types = new Uint8Array(tokens.length).fill(TOKEN_NORMAL);
  if (model['byte_fallback'] === true) {
    for (const [id, token] of tokens.entries()) if (fallbackByte(token) !== undefined) types[id] = TOKEN_BYTE;
  }
  for (const { id, special } of added) types[id] = special ? TOKEN_CONTROL : TOKEN_USER_DEFINED;
  const idOf = (key: string): number | undefined => {
    const text = tokenText(config[key]);
    return text === undefined ? undefined : full.token_to_id(text);
  };
  const special = resolveSpecialTokens(
    { model: 'json', tokens, tokenTypes: types, bosId: idOf('bos_token'), eosId: idOf('eos_token') },
    { addBos: false },
  );
  const { bosId, eosId } = special;
  const eogIds = new Set([...special.eogIds, ...eosIds.filter((id) => id < tokens.length)]);
  const affixes = findAffixes(full, bosId, config['add_bos_token']);
  const decoders = decoderNames(tokenizerJson['decoder']);
  const bytes = createTokenBytes(
    tokens,
    special.types,
    decoders.has('ByteLevel') ? 'byte-level' : 'sentencepiece',
  );
  const stripFirstSpace = decoders.has('Strip') || decoders.has('Metaspace');
  const isControl = (id: number): boolean => special.types[id] === TOKEN_CONTROL;

  return {
    encode(text, { addSpecial, parseSpecial }) {
      const ids = encodeBody(parseSpecial ? full : withoutSpecial(), text);
      return addSpecial ? [...affixes.before, ...ids, ...affixes.after] : ids;
    },
    decode(ids, { skipSpecial }) {
      const parts = ids.filter((id) => !(skipSpecial && isControl(id))).map(bytes);
      if (stripFirstSpace && parts[0]?.[0] === 0x20) parts[0] = parts[0].subarray(1);
      return decodeUtf8(concatBytes(parts));
    },
    bytes,
    tokenText(id) {
      const found = tokens[id];
      if (found !== undefined) return found;
      throw new QuernError('invalid-request', `token id ${id} is outside 0..${tokens.length - 1}`);
    },
    isSpecial: isControl,
    isControl,
    bosId,
    eosId,
    eogIds,
    vocabularySize: tokens.length,
    addBos: bosId !== undefined && affixes.before.includes(bosId),
  };
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function modelKind(model: Json): string {
  if (typeof model['type'] === 'string') return model['type'];
  // Files from before the field existed.
  if (Array.isArray(model['merges'])) return 'BPE';
  return Array.isArray(model['vocab']) ? 'Unigram' : 'unknown';
}

function build(definition: Json, config: Json, addedTokens: unknown): HuggingFaceTokenizer {
  const { normalizer = null, pre_tokenizer = null, post_processor = null, decoder = null } = definition;
  const whole = {
    ...definition,
    normalizer,
    pre_tokenizer,
    post_processor,
    decoder,
    added_tokens: addedTokens,
  };
  try {
    return new HuggingFaceTokenizer(whole, config);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new QuernError('unsupported-tokenizer', `tokenizer.json cannot be used: ${words}`, {
      cause: error,
    });
  }
}

function encodeBody(library: HuggingFaceTokenizer, text: string): number[] {
  // Ids are undefined for text that a vocabulary without an unknown token cannot spell.
  const ids: Array<number | undefined> = library.encode(text, { add_special_tokens: false }).ids;
  return ids.filter((id) => id !== undefined);
}

function readAddedTokens(list: unknown): AddedToken[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list))
    throw new QuernError('corrupt-file', 'added_tokens of tokenizer.json is not a list');
  return list.map((entry: unknown) => {
    const id = isJson(entry) ? entry['id'] : undefined;
    const content = isJson(entry) ? entry['content'] : undefined;
    if (
      typeof id !== 'number' ||
      !Number.isInteger(id) ||
      id < 0 ||
      id > MAX_ID ||
      typeof content !== 'string'
    ) {
      throw new QuernError(
        'corrupt-file',
        `added_tokens of tokenizer.json holds an entry without a good id and content`,
      );
    }
    return { id, content, special: isJson(entry) && entry['special'] === true };
  });
}

function readTokens(library: HuggingFaceTokenizer, added: readonly AddedToken[]): string[] {
  const tokens: string[] = [];
  const put = (id: number, text: string): void => {
    if (!Number.isInteger(id) || id < 0 || id > MAX_ID) {
      throw new QuernError('corrupt-file', `the vocabulary of tokenizer.json gives a token the id ${id}`);
    }
    while (tokens.length <= id) tokens.push('');
    tokens[id] = text;
  };
  for (const [text, id] of library.get_vocab(true)) if (text !== undefined) put(id, text);
  for (const { id, content } of added) put(id, content);
  return tokens;
}

function tokenText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isJson(value) && typeof value['content'] === 'string' ? value['content'] : undefined;
}

/** What the post-processor puts around a text; `add_bos_token` overrules it, as Llama's tokenizer class does. */
function findAffixes(
  library: HuggingFaceTokenizer,
  bosId: number | undefined,
  addBosToken: unknown,
): { before: number[]; after: number[] } {
  const body = encodeBody(library, 'a');
  const whole = library.encode('a', { add_special_tokens: true }).ids;
  const at = whole.findIndex((_, start) => body.every((id, i) => whole[start + i] === id));
  const before = whole.slice(0, Math.max(at, 0));
  const after = whole.slice(Math.max(at, 0) + body.length);
  if (bosId === undefined) return { before, after };
  if (addBosToken === true && !before.includes(bosId)) return { before: [bosId, ...before], after };
  if (addBosToken === false) return { before: before.filter((id) => id !== bosId), after };
  return { before, after };
}

function decoderNames(decoder: unknown): ReadonlySet<string> {
  if (!isJson(decoder)) return new Set();
  const inner = Array.isArray(decoder['decoders']) ? decoder['decoders'] : [decoder];
  return new Set(inner.filter(isJson).map((entry) => String(entry['type'])));
}
