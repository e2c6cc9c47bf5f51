// The gated MLP: down(silu(gate(x)) * up(x)) (SwiGLU, arXiv 2002.05202), residual added.

import type { Recorder, Tensor } from '@quern/gpu';
import { glu, matmul } from '@quern/kernels';
import { linear, type Linear } from '../linear.ts';

export interface GatedMlp {
  /** Rows: gate, then up. */
  readonly gateUp: Linear;
  readonly down: Linear;
}

/** Normed rows in: [rows, dim] -> [rows, dim]. */
export function gatedMlp(
  rec: Recorder,
  { gateUp, down }: GatedMlp,
  { x, residual, step }: { x: Tensor; residual: Tensor; step: Tensor },
): Tensor {
  const inner = rec.scratch('mlp.inner', [x.shape[0]!, gateUp.rows / 2]);
  const [only, ...others] = gateUp.weights;
  if (others.length === 0 && only!.weight.parts.length === 1 && !gateUp.bias) {
    matmul(rec, { weight: only!.weight, x, y: inner, step, glu: true });
  } else {
    glu(rec, { x: linear(rec, gateUp, { x, step, name: 'mlp.gate_up' }), step, y: inner });
  }
  return linear(rec, down, { x: inner, step, name: 'mlp.residual', residual });
}
