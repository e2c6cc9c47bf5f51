// Penalties and bias in f64.

import type { SamplingOptions } from '@quern/spec';
import { SEEN_IN_PROMPT } from './penalize.ts';

/** One row: logits and counts [columns] -> scores [columns]. */
export function penalizeRef(
  logits: ArrayLike<number>,
  counts: ArrayLike<number>,
  options: SamplingOptions,
): Float64Array {
  const { repetitionPenalty, frequencyPenalty, presencePenalty, logitBias } = options;
  const scores = Float64Array.from(logits);
  for (let id = 0; id < scores.length; id++) {
    const generated = counts[id]! % SEEN_IN_PROMPT;
    if (counts[id]! > 0) scores[id]! *= scores[id]! > 0 ? 1 / repetitionPenalty : repetitionPenalty;
    if (generated > 0) scores[id]! -= generated * frequencyPenalty + presencePenalty;
  }
  for (const [id, bias] of new Map(logitBias)) scores[id]! += bias;
  return scores;
}
