// Granite 3 and the dense ones of 4 (arXiv 2405.04324): Llama with multipliers for the embedding, the scores, what
// blocks add, and a divisor for the logits. With experts in the place of MLPs it is granitemoe.

import { getBoolean, getNumber } from '@quern/formats';
import { uniformDecoder } from '../uniform-decoder.ts';
import { NO_ROPE } from '../rope.ts';

export const granite = uniformDecoder((metadata, key) => ({
  activation: 'silu',
  pairs: 'interleaved',
  embeddingScale: getNumber(metadata, `${key}.embedding_scale`, 1),
  residualScale: getNumber(metadata, `${key}.residual_scale`, 1),
  logitScale: 1 / getNumber(metadata, `${key}.logit_scale`, 1),
  // The key by which files say that a Granite has no positions at all.
  ...(getBoolean(metadata, `${key}.rope.scaling.finetuned`, true) ? {} : { rope: () => NO_ROPE }),
}));
