// Qwen 3 with experts (arXiv 2505.09388): Qwen 3 whose MLPs are mixtures of experts.
import { uniformDecoder } from '../uniform-decoder.ts';

export const qwen3moe = uniformDecoder(
  { activation: 'silu', pairs: 'halves' },
  { score: 'softmax', normalised: true },
);
