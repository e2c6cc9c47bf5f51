// A model's vocabulary as plain data, as GGUF metadata carries it (keys `tokenizer.ggml.*`, GGUF spec
// "Tokenizer"). Reading the file is another room's work; this one only checks and types the values.

import { QuernError } from '@quern/spec';

/** llama.cpp's token types (`tokenizer.ggml.token_type`). */
export const TOKEN_NORMAL = 1;
export const TOKEN_UNKNOWN = 2;
export const TOKEN_CONTROL = 3;
export const TOKEN_USER_DEFINED = 4;
export const TOKEN_UNUSED = 5;
export const TOKEN_BYTE = 6;

export interface GgufVocabulary {
  /** `tokenizer.ggml.model`: 'gpt2' (byte-level BPE), 'gemma4' (BPE with byte fallback), 'llama' (SentencePiece scores). */
  model: string;
  /** `tokenizer.ggml.pre`: names the split regexes of a BPE vocabulary; missing means 'default'. */
  pre?: string;
  /** Text of each id, in the vocabulary's own spelling. */
  tokens: readonly string[];
  /** One TOKEN_* per id; missing means all normal. */
  tokenTypes?: ArrayLike<number>;
  /** Merge priority per id, higher first ('llama'). */
  scores?: ArrayLike<number>;
  /** 'left right' in rank order (BPE). */
  merges?: readonly string[];
  bosId?: number;
  eosId?: number;
  eotId?: number;
  eomId?: number;
  unkId?: number;
  fimPadId?: number;
  fimRepId?: number;
  fimSepId?: number;
  addBos?: boolean;
  addEos?: boolean;
  addSpacePrefix?: boolean;
  /** `general.name`: Phi-3's special tokens swallow the white space after them, and only the name tells. */
  modelName?: string;
}

/** Anything with GGUF's keys in it: a Map, or a reader's metadata. */
export interface MetadataLookup {
  get(key: string): unknown;
}

/**
 * The vocabulary in a GGUF file's metadata. Arrays may be plain or typed; integers may be bigint.
 * Throws QuernError 'unsupported-tokenizer' when there is no vocabulary, 'corrupt-file' when a key has
 * the wrong type or the arrays disagree in length.
 */
export function vocabularyFromMetadata(metadata: MetadataLookup): GgufVocabulary {
  const model = text(metadata, 'tokenizer.ggml.model');
  const tokens = strings(metadata, 'tokenizer.ggml.tokens');
  if (model === undefined || tokens === undefined) {
    throw new QuernError(
      'unsupported-tokenizer',
      'the file carries no vocabulary (tokenizer.ggml.model and tokenizer.ggml.tokens); a GGUF made with its tokenizer works',
    );
  }
  const id = (name: string): number | undefined => integer(metadata, `tokenizer.ggml.${name}_token_id`);
  return {
    model,
    pre: text(metadata, 'tokenizer.ggml.pre'),
    tokens,
    tokenTypes: numbers(metadata, 'tokenizer.ggml.token_type', tokens.length),
    scores: numbers(metadata, 'tokenizer.ggml.scores', tokens.length),
    merges: strings(metadata, 'tokenizer.ggml.merges'),
    bosId: id('bos'),
    eosId: id('eos'),
    eotId: id('eot'),
    eomId: id('eom'),
    unkId: id('unknown'),
    fimPadId: id('fim_pad'),
    fimRepId: id('fim_rep'),
    fimSepId: id('fim_sep'),
    addBos: flag(metadata, 'tokenizer.ggml.add_bos_token'),
    addEos: flag(metadata, 'tokenizer.ggml.add_eos_token'),
    addSpacePrefix: flag(metadata, 'tokenizer.ggml.add_space_prefix'),
    modelName: text(metadata, 'general.name'),
  };
}

function wrong(key: string, found: unknown, wanted: string): QuernError {
  const kind = Array.isArray(found) ? 'a list' : typeof found;
  return new QuernError('corrupt-file', `${key} should be ${wanted}, found ${kind}`);
}

function text(metadata: MetadataLookup, key: string): string | undefined {
  const value = metadata.get(key);
  if (value === undefined || typeof value === 'string') return value;
  throw wrong(key, value, 'a string');
}

function flag(metadata: MetadataLookup, key: string): boolean | undefined {
  const value = metadata.get(key);
  if (value === undefined || typeof value === 'boolean') return value;
  throw wrong(key, value, 'true or false');
}

function integer(metadata: MetadataLookup, key: string): number | undefined {
  const value = metadata.get(key);
  if (value === undefined) return undefined;
  const number = typeof value === 'bigint' ? Number(value) : value;
  // Writers store -1 (or its unsigned twin) for "none"; ids past the vocabulary are dropped later.
  if (typeof number === 'number' && Number.isInteger(number)) return number;
  throw wrong(key, value, 'an integer');
}

function strings(metadata: MetadataLookup, key: string): readonly string[] | undefined {
  const value = metadata.get(key);
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value as string[];
  throw wrong(key, value, 'a list of strings');
}

function numbers(metadata: MetadataLookup, key: string, length: number): ArrayLike<number> | undefined {
  const value = metadata.get(key);
  if (value === undefined) return undefined;
  const typed = ArrayBuffer.isView(value) && !(value instanceof DataView);
  if (!typed && !(Array.isArray(value) && value.every((entry) => typeof entry === 'number'))) {
    throw wrong(key, value, 'a list of numbers');
  }
  const list = value as ArrayLike<number>;
  if (list.length < length) {
    throw new QuernError(
      'corrupt-file',
      `${key} has ${list.length} entries for ${length} tokens; every token needs one`,
    );
  }
  return list;
}
