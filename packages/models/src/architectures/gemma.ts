// Gemma (arXiv 2403.08295): Llama with GELU gates and an embedding scaled by the square root of its width. GGUF
// stores norm weights as 1 + w.

import { getCount } from '@quern/formats';
import { uniformDecoder } from '../uniform-decoder.ts';

export const gemma = uniformDecoder((metadata, key) => ({
  activation: 'gelu_tanh',
  pairs: 'halves',
  embeddingScale: Math.sqrt(getCount(metadata, `${key}.embedding_length`)),
}));
