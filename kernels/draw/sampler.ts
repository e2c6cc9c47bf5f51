// SamplingOptions as the words of sampler.wgsl, 16 a sequence slot.

import { QuernError, type SamplingOptions } from '@quern/spec';

export const SAMPLER_WORDS = 16;

/**
 * The 16 words of one slot; `biasCount` is the number of pairs in the slot's bias list (`biasWords`). The
 * seed is taken as a 64-bit integer, negative ones in two's complement. Throws 'invalid-request' for a
 * number that is not finite or a top-k or seed that is not an integer.
 */
export function samplerWords(
  options: SamplingOptions,
  biasCount: number = options.logitBias.length,
): Uint32Array<ArrayBuffer> {
  const { temperature, topK, topP, minP, repetitionPenalty, frequencyPenalty, presencePenalty, seed } =
    options;
  const named = { temperature, topP, minP, repetitionPenalty, frequencyPenalty, presencePenalty };
  for (const [name, value] of Object.entries(named)) {
    if (!Number.isFinite(value)) {
      throw new QuernError('invalid-request', `${name} is ${value}; it must be a finite number.`);
    }
  }
  if (repetitionPenalty <= 0) {
    throw new QuernError('invalid-request', `repetitionPenalty is ${repetitionPenalty}; it must be above 0.`);
  }
  if (!Number.isInteger(topK) || topK < 0) {
    throw new QuernError('invalid-request', `topK is ${topK}; it must be an integer of at least 0.`);
  }
  if (!Number.isInteger(seed)) {
    throw new QuernError('invalid-request', `seed is ${seed}; it must be an integer.`);
  }
  const words = new Uint32Array(SAMPLER_WORDS);
  const floats = new Float32Array(words.buffer);
  floats[0] = temperature;
  words[1] = Math.min(topK, 0xffffffff);
  floats[2] = topP;
  floats[3] = minP;
  floats[4] = repetitionPenalty;
  floats[5] = frequencyPenalty;
  floats[6] = presencePenalty;
  const bits = BigInt.asUintN(64, BigInt(seed));
  words[7] = Number(bits & 0xffffffffn);
  words[8] = Number(bits >> 32n);
  words[9] = biasCount;
  return words;
}
