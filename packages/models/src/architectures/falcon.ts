// Falcon (arXiv 2311.16867): attention and a plain MLP side by side; 7B shares one norm and one KV head, 40B and
// 180B have two norms and groups. The RefinedWeb models come one block after the other, with ALiBi, whose bias is
// scaled together with the scores.

import { getBoolean, getNumber } from '@quern/formats';
import type { Architecture } from '../architecture.ts';
import { alibiSlopes } from '../alibi.ts';
import { createDecoder } from '../decoder.ts';
import { type DecoderConfig, decoderConfig } from '../decoder-config.ts';
import { NO_ROPE, ropeConfig } from '../rope.ts';

export const falcon: Architecture<DecoderConfig> = {
  config(metadata, key) {
    const common = decoderConfig(metadata, key, 'layer');
    const rope = ropeConfig(metadata, key, common.keyDim);
    const most = getNumber(metadata, `${key}.attention.max_alibi_bias`, 0);
    return {
      ...common,
      activation: 'gelu',
      gated: false,
      pairs: 'halves',
      parallel: getBoolean(metadata, `${key}.use_parallel_residual`, true),
      ...(most > 0 && {
        slopes: alibiSlopes(common.heads, most).map((slope) => slope * common.scoreScale),
      }),
      rope: () => (most > 0 ? NO_ROPE : rope),
    };
  },
  create: createDecoder,
};
