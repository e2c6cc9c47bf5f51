// ERNIE 4.5 with experts (technical report of 2025): softmax with a correction for the choice, shared experts.
// Pairs of RoPE stand side by side in its checkpoints too.
import { uniformDecoder } from '../uniform-decoder.ts';

export const ernie45Moe = uniformDecoder(
  { activation: 'silu', pairs: 'interleaved' },
  { score: 'softmax', normalised: true },
);
