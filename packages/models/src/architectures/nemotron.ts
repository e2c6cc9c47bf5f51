// Nemotron-4 and Minitron (arXiv 2402.16819): layer norms, a plain MLP with squared ReLU, half of a head rotated.
// GGUF stores norm weights as 1 + w.

import { uniformDecoder } from '../uniform-decoder.ts';

export const nemotron = uniformDecoder({
  activation: 'relu2',
  pairs: 'halves',
  norms: 'layer',
  gated: false,
});
