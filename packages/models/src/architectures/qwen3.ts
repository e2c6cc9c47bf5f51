// Qwen 3, dense (arXiv 2505.09388): Llama with norms on each head's queries and keys, no biases.

import { uniformDecoder } from '../uniform-decoder.ts';

export const qwen3 = uniformDecoder({ activation: 'silu', pairs: 'halves' });
