// StarCoder2 (arXiv 2402.19173): layer norms, a plain MLP, biases everywhere; checkpoints have a window.

import { uniformDecoder } from '../uniform-decoder.ts';

export const starcoder2 = uniformDecoder({
  activation: 'gelu_tanh',
  pairs: 'halves',
  norms: 'layer',
  gated: false,
});
