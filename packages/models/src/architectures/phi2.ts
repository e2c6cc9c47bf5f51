// Phi 1, 1.5 and 2 (arXiv 2309.05463): attention and a plain MLP side by side, biases everywhere, part of a head
// rotated.

import { uniformDecoder } from '../uniform-decoder.ts';

export const phi2 = uniformDecoder({
  activation: 'gelu_tanh',
  pairs: 'halves',
  norms: 'layer',
  gated: false,
  parallel: true,
});
