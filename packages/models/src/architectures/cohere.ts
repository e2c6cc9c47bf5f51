// Command R and R+ (c4ai-command-r-v01): layer norms without biases, attention and MLP side by side, scaled logits;
// R+ norms queries and keys, each head with weights of its own.

import { getNumber } from '@quern/formats';
import { uniformDecoder } from '../uniform-decoder.ts';

export const cohere = uniformDecoder((metadata, key) => ({
  activation: 'silu',
  pairs: 'interleaved',
  norms: 'layer',
  parallel: true,
  logitScale: getNumber(metadata, `${key}.logit_scale`, 1),
}));
