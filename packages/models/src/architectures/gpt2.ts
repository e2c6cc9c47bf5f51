// GPT-2: learned positions, layer norms, a plain MLP, biases everywhere.

import { getCount } from '@quern/formats';
import { uniformDecoder } from '../uniform-decoder.ts';
import { NO_ROPE } from '../rope.ts';

export const gpt2 = uniformDecoder((metadata, key) => ({
  activation: 'gelu_tanh',
  pairs: 'halves',
  norms: 'layer',
  gated: false,
  learnedPositions: getCount(metadata, `${key}.context_length`),
  rope: () => NO_ROPE,
}));
