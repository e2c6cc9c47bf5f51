// What a tokenizer is to the floors above, and the door that picks one for a GGUF vocabulary.
// Not here: how text is split (pre-tokenizers.ts), merged (bpe.ts, sentencepiece.ts), or streamed.

import { QuernError } from '@quern/spec';

import { createBpeEncoder } from './bpe.ts';
import { findPreTokenizer } from './pre-tokenizers.ts';
import { createScoreEncoder } from './sentencepiece.ts';
import { createPartition } from './special-partition.ts';
import { resolveSpecialTokens } from './special-tokens.ts';
import { concatBytes, createTokenBytes, decodeUtf8 } from './token-bytes.ts';
import { TOKEN_CONTROL, TOKEN_UNKNOWN, type GgufVocabulary } from './vocabulary.ts';

export interface EncodeOptions {
  /** Add BOS and EOS where the model's file asks for them. */
  addSpecial: boolean;
  /** Match control tokens in the text; without it only user-defined tokens are matched. */
  parseSpecial: boolean;
}

export interface Tokenizer {
  encode(text: string, options: EncodeOptions): number[];
  /**
   * The text of `ids` with bytes joined before UTF-8 decoding (invalid bytes become U+FFFD). The space that
   * `encode` puts before a SentencePiece text is taken off again; generated text wants `bytes` and a stream
   * decoder, which keep it.
   */
  decode(ids: readonly number[], options: { skipSpecial: boolean }): string;
  /** The raw bytes that a token stands for; may be part of a character. Empty for ids without text. */
  bytes(id: number): Uint8Array;
  /** The token in the vocabulary's own spelling. Throws 'invalid-request' for an id outside it. */
  tokenText(id: number): string;
  /** Control or unknown: not part of the visible text. */
  isSpecial(id: number): boolean;
  isControl(id: number): boolean;
  readonly bosId?: number;
  readonly eosId?: number;
  /** Every id that ends generation. */
  readonly eogIds: ReadonlySet<number>;
  readonly vocabularySize: number;
  readonly addBos: boolean;
}

/**
 * A tokenizer that gives llama.cpp's ids for a GGUF vocabulary.
 * Throws QuernError 'unsupported-tokenizer' (model or pre-tokenizer not known), 'corrupt-file' (arrays
 * missing or of the wrong length).
 */
export function createTokenizer(vocabulary: GgufVocabulary): Tokenizer {
  const { model, tokens } = vocabulary;
  for (const [name, list] of [
    ['token types', vocabulary.tokenTypes],
    ['scores', vocabulary.scores],
  ] as const) {
    if (list && list.length < tokens.length) {
      throw new QuernError('corrupt-file', `${list.length} ${name} for ${tokens.length} tokens`);
    }
  }
  if (model === 'llama') return createSentencePieceTokenizer(vocabulary);
  if (model === 'gpt2' || model === 'gemma4') return createBpeTokenizer(vocabulary);
  throw new QuernError(
    'unsupported-tokenizer',
    `tokenizer.ggml.model is '${model}'; 'gpt2' (byte-level BPE), 'gemma4' and 'llama' (SentencePiece) work`,
  );
}

function createSentencePieceTokenizer(vocabulary: GgufVocabulary): Tokenizer {
  if (!vocabulary.scores) {
    throw new QuernError(
      'corrupt-file',
      "a 'llama' vocabulary needs tokenizer.ggml.scores, which is missing",
    );
  }
  const special = resolveSpecialTokens(vocabulary, { bosId: 1, eosId: 2, unkId: 0, addBos: true });
  const addSpacePrefix = vocabulary.addSpacePrefix ?? true;
  const encodeWord = createScoreEncoder(vocabulary.tokens, vocabulary.scores, special.unkId);
  const encodeFragment = (fragment: string, afterSpecial: boolean, out: number[]): void => {
    const prefixed = addSpacePrefix && afterSpecial ? ` ${fragment}` : fragment;
    encodeWord(prefixed.replaceAll(' ', '\u2581'), out);
  };
  return assemble(vocabulary, special, encodeFragment, 'sentencepiece', addSpacePrefix);
}

function createBpeTokenizer(vocabulary: GgufVocabulary): Tokenizer {
  if (!vocabulary.merges) {
    throw new QuernError('corrupt-file', `a '${vocabulary.model}' vocabulary needs tokenizer.ggml.merges`);
  }
  const pre = findPreTokenizer(vocabulary.model === 'gemma4' ? 'gemma4' : (vocabulary.pre ?? 'default'));
  // llama.cpp's defaults for files that name no ids.
  const fallback = pre.byteLevel && pre.defaultBos !== false ? { bosId: 11, eosId: 11 } : {};
  // The first Gemma 4 files say add_bos = false by mistake (llama.cpp #21500).
  const asked = vocabulary.model === 'gemma4' ? { ...vocabulary, addBos: true } : vocabulary;
  const special = resolveSpecialTokens(asked, { ...fallback, addBos: pre.addBos ?? false });
  const encodeText = createBpeEncoder(vocabulary.tokens, vocabulary.merges, pre);
  const encodeFragment = (fragment: string, _afterSpecial: boolean, out: number[]): void => {
    for (const id of encodeText(fragment)) out.push(id);
  };
  const spelling = pre.byteLevel ? 'byte-level' : 'sentencepiece';
  return assemble(vocabulary, special, encodeFragment, spelling, false);
}

/** The parts that all kinds share: partition, BOS and EOS, bytes, decode. */
function assemble(
  vocabulary: GgufVocabulary,
  special: ReturnType<typeof resolveSpecialTokens>,
  encodeFragment: (fragment: string, afterSpecial: boolean, out: number[]) => void,
  spelling: 'byte-level' | 'sentencepiece',
  stripFirstSpace: boolean,
): Tokenizer {
  const { tokens } = vocabulary;
  const { types, bosId, eosId, eogIds, addBos, addEos } = special;
  const partition = createPartition(tokens, types, special.rstripIds);
  const bytes = createTokenBytes(tokens, types, spelling);
  const isSpecial = (id: number): boolean => types[id] === TOKEN_CONTROL || types[id] === TOKEN_UNKNOWN;
  return {
    encode(text, { addSpecial, parseSpecial }) {
      const out: number[] = [];
      if (addSpecial && addBos && bosId !== undefined) out.push(bosId);
      let afterSpecial = true;
      for (const part of partition(wellFormed(text), parseSpecial)) {
        if (typeof part === 'number') out.push(part);
        else encodeFragment(part, afterSpecial, out);
        afterSpecial = typeof part === 'number';
      }
      if (addSpecial && addEos && eosId !== undefined) out.push(eosId);
      return out;
    },
    decode(ids, { skipSpecial }) {
      const parts = ids.filter((id) => !(skipSpecial && isSpecial(id))).map(bytes);
      if (stripFirstSpace && parts[0]?.[0] === 0x20) parts[0] = parts[0].subarray(1);
      return decodeUtf8(concatBytes(parts));
    },
    bytes,
    tokenText(id) {
      const found = tokens[id];
      if (found !== undefined) return found;
      throw new QuernError('invalid-request', `token id ${id} is outside 0..${tokens.length - 1}`);
    },
    isSpecial,
    isControl: (id) => types[id] === TOKEN_CONTROL,
    bosId,
    eosId,
    eogIds,
    vocabularySize: tokens.length,
    addBos,
  };
}

/** Lone surrogates become U+FFFD, as everywhere where text turns into bytes. */
function wellFormed(text: string): string {
  return decodeUtf8(new TextEncoder().encode(text));
}
