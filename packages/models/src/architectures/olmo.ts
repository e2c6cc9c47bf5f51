// OLMo (arXiv 2402.00838): layer norms without weights; some hold queries, keys and values within bounds.

import { getNumber } from '@quern/formats';
import { uniformDecoder } from '../uniform-decoder.ts';

export const olmo = uniformDecoder((metadata, key) => ({
  activation: 'silu',
  pairs: 'interleaved',
  norms: 'bare',
  clampQkv: getNumber(metadata, `${key}.attention.clamp_kqv`, 0) || undefined,
}));
