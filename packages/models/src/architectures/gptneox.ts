// GPT-NeoX and Pythia (arXiv 2204.06745, 2304.01373): attention and a plain MLP side by side, each with a norm of
// its own; part of a head rotated.

import { getBoolean, getString } from '@quern/formats';
import { uniformDecoder } from '../uniform-decoder.ts';

export const gptneox = uniformDecoder((metadata, key) => ({
  // Files of GGUF do not say; llama.cpp takes the exact one for all.
  activation: getString(metadata, `${key}.feed_forward.activation`, 'gelu') === 'gelu' ? 'gelu' : 'gelu_tanh',
  pairs: 'halves',
  norms: 'layer',
  gated: false,
  parallel: getBoolean(metadata, `${key}.use_parallel_residual`),
}));
