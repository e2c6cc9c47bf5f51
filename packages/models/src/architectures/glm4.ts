// GLM-4-0414 (arXiv 2406.12793): norms before and behind each block, half of a head rotated, biases on Q, K, V.

import { getCount } from '@quern/formats';
import { uniformDecoder } from '../uniform-decoder.ts';

export const glm4 = uniformDecoder((metadata, key) => ({
  activation: 'silu',
  // Files of its siblings that see have M-RoPE, the same for text, and queries reordered for it.
  pairs: metadata.has(`${key}.rope.dimension_sections`) ? 'halves' : 'interleaved',
  // What predicts further tokens stands behind the layers, counted with them.
  layers: getCount(metadata, `${key}.block_count`) - getCount(metadata, `${key}.nextn_predict_layers`, 0),
}));
