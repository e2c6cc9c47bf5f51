// ERNIE 4.5, dense (0.3B): Llama whose checkpoints have RoPE's pairs side by side already.

import { uniformDecoder } from '../uniform-decoder.ts';

export const ernie4_5 = uniformDecoder({ activation: 'silu', pairs: 'interleaved' });
