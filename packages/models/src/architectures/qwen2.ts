// Qwen 1.5, 2 and 2.5 (arXiv 2407.10671): Llama with biases on Q, K and V.

import { uniformDecoder } from '../uniform-decoder.ts';

export const qwen2 = uniformDecoder({ activation: 'silu', pairs: 'halves' });
