// GLM-4.5 and 4.6 (arXiv 2508.06471): leading dense layers, then experts by sigmoid with a correction for the
// choice, a shared expert, RoPE over half of each head.
import { getCount } from '@quern/formats';
import { uniformDecoder } from '../uniform-decoder.ts';

export const glm4Moe = uniformDecoder(
  (metadata, key) => ({
    activation: 'silu',
    pairs: 'halves',
    normBeforeMlp: true,
    // What predicts further tokens stands behind the layers, counted with them.
    layers: getCount(metadata, `${key}.block_count`) - getCount(metadata, `${key}.nextn_predict_layers`, 0),
  }),
  { score: 'sigmoid', normalised: true },
);
