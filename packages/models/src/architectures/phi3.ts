// Phi-3, Phi-3.5 mini and Phi-4 (arXiv 2404.14219): Llama with Q, K, V and gate, up each in one tensor.

import { uniformDecoder } from '../uniform-decoder.ts';

export const phi3 = uniformDecoder({ activation: 'silu', pairs: 'halves' });
