// Caps on what a GGUF header may claim, each far above any real file and low enough that a hostile one
// cannot exhaust memory before it is refused.

/** Headers are mostly vocabulary: 262 144 tokens with scores and merges take about 16 MiB. */
export const MAX_HEADER_BYTES = 512 * 1024 * 1024;
/** The first read; small vocabularies fit, larger ones double it. */
export const FIRST_READ_BYTES = 256 * 1024;
/** A 128-expert model with every expert apart has some 40 000. */
export const MAX_TENSORS = 1 << 17;
/** Real files have under a hundred. */
export const MAX_METADATA_PAIRS = 1 << 16;
/** The specification's own limit. */
export const MAX_KEY_BYTES = 65535;
/** ggml allows 64; forks raise it. */
export const MAX_TENSOR_NAME_BYTES = 1024;
/** Some files carry a whole tokenizer.json (33 MB for Gemma) in one string. */
export const MAX_STRING_BYTES = 64 * 1024 * 1024;
/** Merges of the largest vocabularies stay under a million. */
export const MAX_ARRAY_LENGTH = 1 << 24;
/** No known file nests arrays; the specification allows it. */
export const MAX_ARRAY_DEPTH = 4;
/** GGML_MAX_DIMS. */
export const MAX_DIMENSIONS = 4;
