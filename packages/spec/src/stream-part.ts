// All that crosses the wall while a request runs: one tagged union, noun then verb.
// Grammar: prompt-start, then text-delta*, then finish. An error ends the iteration by throwing.

export interface TokenLogprob {
  id: number;
  /** Natural log of the raw softmax (before temperature, penalties and filters). */
  logprob: number;
}

export interface TokenInfo extends TokenLogprob {
  /** The bytes of this token alone; may be part of a character. */
  bytes: number[];
  /** The k most likely, best first, ties to the lower id. */
  top: Array<TokenLogprob & { bytes: number[] }>;
}

export interface Usage {
  promptTokens: number;
  completionTokens: number;
  /** Prompt tokens whose KV was already there. */
  cachedTokens: number;
}

export interface Timings {
  /** Request to first id read back. */
  timeToFirstTokenMs: number;
  /** Prompt tokens computed and the time they took. */
  prefillTokens: number;
  prefillMs: number;
  /** Tokens after the first and the time they took. */
  decodeTokens: number;
  decodeMs: number;
}

export type FinishReason = 'stop' | 'length';

export type StreamPart =
  | { type: 'prompt-start'; promptIds: number[] }
  /** One per token that was read back. `text` may be empty (held back for UTF-8 or a stop string). */
  | { type: 'text-delta'; text: string; ids: number[]; tokens?: TokenInfo[] }
  | { type: 'finish'; reason: FinishReason; usage: Usage; timings: Timings };
