// BPE vocabularies from GGUF, encoded by @huggingface/tokenizers: this file only dresses the vocabulary as
// the tokenizer.json that the library reads. Special tokens are cut out before (special-partition.ts).

import { QuernError } from '@quern/spec';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';

import type { PreTokenizer } from './pre-tokenizers.ts';

/** `encode(fragment) -> ids`. Characters without token are dropped, as llama.cpp does. */
export function createBpeEncoder(
  tokens: readonly string[],
  merges: readonly string[],
  pre: PreTokenizer,
): (fragment: string) => number[] {
  // No prototype: a vocabulary may hold '__proto__'.
  const vocab = Object.create(null) as Record<string, number>;
  for (const [id, token] of tokens.entries()) vocab[token] ??= id;
  const splits = pre.splits.map((regex) => ({
    type: 'Split',
    pattern: { Regex: regex },
    behavior: 'Isolated',
    invert: false,
  }));
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  const definition = {
    added_tokens: [],
    normalizer: pre.byteLevel ? null : { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
    pre_tokenizer: { type: 'Sequence', pretokenizers: pre.byteLevel ? [...splits, byteLevel] : splits },
    model: {
      type: 'BPE',
      vocab,
      merges: merges.map(readMerge),
      byte_fallback: !pre.byteLevel,
      ignore_merges: pre.ignoreMerges ?? false,
    },
    post_processor: null,
    decoder: null,
  };
  const library = new HuggingFaceTokenizer(definition, {});
  return (fragment) => library.encode(fragment, { add_special_tokens: false }).ids;
}

/** 'left right'; either may hold anything but the space between them, and left is at least one character. */
function readMerge(merge: string, rank: number): [string, string] {
  const space = merge.indexOf(' ', 1);
  if (space > 0) return [merge.slice(0, space), merge.slice(space + 1)];
  throw new QuernError(
    'corrupt-file',
    `merge ${rank} of tokenizer.ggml.merges holds no space between its halves`,
  );
}
