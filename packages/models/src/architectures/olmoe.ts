// OLMoE (arXiv 2409.02060): experts of a softmax that is not renormalised; queries and keys normed over their
// whole width.
import { uniformDecoder } from '../uniform-decoder.ts';

export const olmoe = uniformDecoder(
  { activation: 'silu', pairs: 'halves' },
  { score: 'softmax', normalised: false },
);
