// BLOOM (arXiv 2211.05100): ALiBi, a norm behind the embedding, a plain MLP, biases everywhere.

import { getCount } from '@quern/formats';
import { alibiSlopes } from '../alibi.ts';
import { uniformDecoder } from '../uniform-decoder.ts';
import { NO_ROPE } from '../rope.ts';

/** What BLOOM was trained on; where a config does not say, converters write the model's width in its place. */
const TRAINED = 2048;

export const bloom = uniformDecoder((metadata, key) => ({
  trainedContextLength: Math.max(TRAINED, getCount(metadata, `${key}.context_length`)),
  activation: 'gelu_tanh',
  pairs: 'halves',
  norms: 'layer',
  gated: false,
  slopes: alibiSlopes(getCount(metadata, `${key}.attention.head_count`), 8),
  rope: () => NO_ROPE,
}));
