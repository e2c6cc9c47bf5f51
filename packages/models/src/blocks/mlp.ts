// The MLP: down(activation(gate(x)) * up(x)) (SwiGLU and kin, arXiv 2002.05202), or plainly
// down(activation(up(x))).

import type { Recorder, Tensor } from '@quern/gpu';
import { type Activation, glu, matmul } from '@quern/kernels';
import { isAdapted } from '../adapters.ts';
import { input, linear, type Linear } from '../linear.ts';
import type { NormInput } from './norm.ts';

export interface Mlp {
  /** Rows: gate, then up; up alone where it is not gated. */
  readonly gateUp: Linear;
  readonly gated: boolean;
  readonly down: Linear;
  readonly activation: Activation;
}

/** Rows for the norm in, the residual added if there is one: [rows, dim] -> [rows, dim]. */
export function mlp(
  rec: Recorder,
  { gateUp, gated, down, activation }: Mlp,
  { x, residual, step }: { x: NormInput; residual: Tensor | undefined; step: Tensor },
): Tensor {
  const inner = rec.scratch('mlp.inner', [x.raw.shape[0]!, gated ? gateUp.rows / 2 : gateUp.rows]);
  const [only, ...others] = gateUp.weights;
  const { weight, order } = only!;
  const plain =
    others.length === 0 &&
    weight.parts.length === 1 &&
    !order &&
    !gateUp.bias &&
    !isAdapted(rec, gateUp.parts);
  if (gated && activation === 'silu' && plain) {
    matmul(rec, { weight, ...input(rec, gateUp, { x }), y: inner, step, glu: true });
  } else {
    const both = linear(rec, gateUp, { x, step, name: 'mlp.gate_up' });
    glu(rec, { x: both, activation, gated, step, y: inner });
  }
  return linear(rec, down, { x: inner, step, name: 'mlp', residual });
}
