// The norms of a model, all of one kind: RMS norm, layer norm, or layer norm without weights.

import type { Recorder, Tensor } from '@quern/gpu';
import { norm as normOp } from '@quern/kernels';
import { QuernError } from '@quern/spec';
import type { WeightRegistry } from '../weight-registry.ts';

/** 'bare': a layer norm that has neither weight nor bias (OLMo). */
export type NormKind = 'rms' | 'layer' | 'bare';

export interface Norm {
  readonly kind: NormKind;
  /** [dim] f32 each. */
  readonly weight: Tensor | undefined;
  readonly bias: Tensor | undefined;
  readonly epsilon: number;
}

/** The norm `<name>.weight` with its bias, undefined where the file has none. Throws 'corrupt-file'. */
export function readNorm(
  weights: WeightRegistry,
  name: string,
  { dim, norms, epsilon }: { dim: number; norms: NormKind; epsilon: number },
): Norm | undefined {
  if (!weights.has(`${name}.weight`)) return undefined;
  const bias = weights.optionalVector(`${name}.bias`, dim);
  if (norms === 'rms' && bias) {
    throw new QuernError('corrupt-file', `The file has '${name}.bias'; RMS norms have no bias.`);
  }
  return { kind: norms, weight: weights.vector(`${name}.weight`, dim), bias, epsilon };
}

/** [rows, dim] -> [rows, dim], the residual added last; x itself where there is no norm. */
export function normed(
  rec: Recorder,
  norm: Norm | undefined,
  { x, residual, step }: { x: Tensor; residual?: Tensor; step: Tensor },
): Tensor {
  if (!norm) return x;
  const y = rec.scratch('norm', x.shape);
  const { kind, weight, bias, epsilon } = norm;
  normOp(rec, { x, centred: kind !== 'rms', weight, bias, epsilon, step, y, residual });
  return y;
}
