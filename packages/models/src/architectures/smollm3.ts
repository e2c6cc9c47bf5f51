// SmolLM3 (huggingface.co/blog/smollm3): Llama with every fourth layer left without positions.

import { getBooleanArray, getCount } from '@quern/formats';
import { uniformDecoder } from '../uniform-decoder.ts';
import { NO_ROPE, ropeConfig } from '../rope.ts';

/** Files of GGUF do not say which layers; llama.cpp has this period. */
const PERIOD = 4;

export const smollm3 = uniformDecoder((metadata, key) => {
  const heads = getCount(metadata, `${key}.attention.head_count`);
  const keyDim = getCount(
    metadata,
    `${key}.attention.key_length`,
    getCount(metadata, `${key}.embedding_length`) / heads,
  );
  const rope = ropeConfig(metadata, key, keyDim);
  const rotated = getBooleanArray(metadata, `${key}.rope.layer_pattern`, undefined);
  return {
    activation: 'silu',
    pairs: 'interleaved',
    rope: (i) => ((rotated ? rotated[i] : (i + 1) % PERIOD !== 0) ? rope : NO_ROPE),
  };
});
