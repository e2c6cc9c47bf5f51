// StableLM 3B and 2 (arXiv 2402.17834): layer norms, a gated MLP, a quarter of a head rotated. The 12B norms queries
// and keys, each head with weights of its own, and has its blocks side by side.

import type { Architecture } from '../architecture.ts';
import { createDecoder } from '../decoder.ts';
import type { DecoderConfig } from '../decoder-config.ts';
import { uniformDecoder } from '../uniform-decoder.ts';

const { config } = uniformDecoder({ activation: 'silu', pairs: 'halves', norms: 'layer' });

export const stablelm: Architecture<DecoderConfig> = {
  config,
  create(weights, c, positions) {
    // The key use_parallel_residual is wrong in many files: blocks side by side share a norm, and that shows.
    const parallel = !weights.has('blk.0.ffn_norm.weight');
    return createDecoder(weights, { ...c, parallel }, positions);
  },
};
