// Caps on what a safetensors folder may claim, each above any real one and low enough to refuse early.

/** The reference implementation's own limit for a header. */
export const MAX_HEADER_BYTES = 100_000_000;
/** Headers are JSON, about 150 bytes a tensor; the first read takes small ones whole. */
export const FIRST_READ_BYTES = 64 * 1024;
/** DeepSeek V3 with its experts apart has some 91 000 over all shards. */
export const MAX_TENSORS = 1 << 18;
/** Tensors of more dimensions belong to images and sound. */
export const MAX_DIMENSIONS = 8;
export const MAX_NAME_LENGTH = 1024;
/** Gemma's tokenizer.json has 33 MB. */
export const MAX_TOKENIZER_BYTES = 128 * 1024 * 1024;
/** config.json and the like; longrope lists and templates make the longest. */
export const MAX_JSON_BYTES = 16 * 1024 * 1024;
