// How the next token is chosen. Order: penalties and bias, temperature, top-k, top-p, min-p, draw
// (the order of Hugging Face transformers). temperature 0 is greedy; ties go to the lower id.

export interface SamplingOptions {
  /** 0 = greedy. */
  temperature: number;
  /** 0 = off. */
  topK: number;
  /** 1 = off. */
  topP: number;
  /** Keeps tokens with p >= minP * max p; 0 = off. */
  minP: number;
  /** Divides (or multiplies, when negative) logits of tokens seen in prompt or output; 1 = off (CTRL, arXiv 1909.05858). */
  repetitionPenalty: number;
  /** Subtracted once per earlier generation of the token; 0 = off (OpenAI's definition). */
  frequencyPenalty: number;
  /** Subtracted if the token was generated before; 0 = off (OpenAI's definition). */
  presencePenalty: number;
  /** Added to the logit of a token id, -100..100. */
  logitBias: ReadonlyArray<readonly [id: number, bias: number]>;
  /** Same seed, same tokens on the same adapter and variant. */
  seed: number;
}

export const GREEDY: SamplingOptions = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  logitBias: [],
  seed: 0,
};
