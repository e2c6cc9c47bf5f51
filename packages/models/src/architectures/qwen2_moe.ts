// Qwen 1.5 and 2 with experts (arXiv 2407.10671): Qwen 2 whose MLPs are mixtures of experts, whose weights are
// shares of the softmax over all experts as they are, and a shared expert with a gate of its own.
import { uniformDecoder } from '../uniform-decoder.ts';

export const qwen2moe = uniformDecoder(
  { activation: 'silu', pairs: 'halves' },
  { score: 'softmax', normalised: false },
);
