// Llama 1-3 (arXiv 2302.13971, 2407.21783) and what shares its shape: SmolLM2, Yi, Mistral, their fine-tunes.
// GGUF stores the rows of Q and K so that pairs stand side by side.

import { uniformDecoder } from '../uniform-decoder.ts';

export const llama = uniformDecoder({ activation: 'silu', pairs: 'interleaved' });
