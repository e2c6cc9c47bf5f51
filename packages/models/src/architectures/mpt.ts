// MPT (databricks.com/blog/mpt-7b): ALiBi or learned positions, layer norms without biases, a plain MLP; some hold
// queries, keys and values within bounds.

import { getCount, getNumber } from '@quern/formats';
import { alibiSlopes } from '../alibi.ts';
import { uniformDecoder } from '../uniform-decoder.ts';
import { NO_ROPE } from '../rope.ts';

export const mpt = uniformDecoder((metadata, key) => {
  const most = getNumber(metadata, `${key}.attention.max_alibi_bias`, 0);
  return {
    activation: 'gelu',
    pairs: 'halves',
    norms: 'layer',
    gated: false,
    clampQkv: getNumber(metadata, `${key}.attention.clamp_kqv`, 0) || undefined,
    ...(most > 0
      ? { slopes: alibiSlopes(getCount(metadata, `${key}.attention.head_count`), most) }
      : { learnedPositions: getCount(metadata, `${key}.context_length`) }),
    rope: () => NO_ROPE,
  };
});
