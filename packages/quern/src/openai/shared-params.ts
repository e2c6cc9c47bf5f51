// The parameters that chat and text completions share, as types.

export interface SharedParams {
  /** Accepted so that requests written for a server work; the engine holds one model and uses it. */
  model?: string | null;
  /** Tokens to generate at most. */
  max_tokens?: number | null;
  /** 0..2; 0 is greedy. Default 1. */
  temperature?: number | null;
  /** Over 0, up to 1. Default 1. */
  top_p?: number | null;
  /** Extension: the k most likely tokens only; 0 = off (default). */
  top_k?: number | null;
  /** Extension: tokens of at least min_p times the best one's probability; 0 = off (default). */
  min_p?: number | null;
  /** Extension: over 0; 1 = off (default). */
  repetition_penalty?: number | null;
  /** -2..2, default 0. */
  frequency_penalty?: number | null;
  /** -2..2, default 0. */
  presence_penalty?: number | null;
  /** Token id (as a decimal string) to bias, -100..100. */
  logit_bias?: Record<string, number> | null;
  /** Up to 16 strings; the text ends before the first that appears. */
  stop?: string | string[] | null;
  /** Same seed, same tokens on the same adapter. Random when absent. */
  seed?: number | null;
  /** Extension: goes on past end-of-sequence tokens. */
  ignore_eos?: boolean | null;
  /** Extension: LoRA adapters that were loaded with `loadAdapter`, added up; scale 1 is as they were trained. */
  adapters?: Array<{ id: string; scale?: number | null }> | null;
  /** Only 1. */
  n?: number | null;
  stream_options?: {
    /** One more chunk at the end, without choices, carries the usage. */
    include_usage?: boolean;
    /** Padding against eavesdroppers on a network; there is none, so it is ignored. */
    include_obfuscation?: boolean;
  } | null;
  /** Accepted and ignored: there is no server to tell. */
  user?: string;
}

export interface RequestOptions {
  /** Ends the request: the promise, or the iteration, rejects with a QuernError 'aborted'. */
  signal?: AbortSignal | null;
}
