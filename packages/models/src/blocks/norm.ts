// The norms of a model, all of one kind: RMS norm, layer norm, or layer norm without weights.

import type { Recorder, Tensor } from '@quern/gpu';
import { type FoldedNorm, norm as normOp } from '@quern/kernels';
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

/**
 * Rows on their way through a norm: a linear layer may norm them as it reads them, whatever else needs them takes them
 * `normed()`, recorded once.
 */
export interface NormInput {
  /** [rows, dim], before the norm. */
  readonly raw: Tensor;
  /** Undefined where nothing is to be done that a matmul can do. */
  readonly fold: FoldedNorm | undefined;
  normed(): Tensor;
}

/** x [rows, dim], to be normed by who reads it; as it stands where there is no norm. */
export function toNorm(
  rec: Recorder,
  norm: Norm | undefined,
  { x, step }: { x: Tensor; step: Tensor },
): NormInput {
  let y: Tensor | undefined;
  const rms = norm?.kind === 'rms' && norm.weight;
  return {
    raw: x,
    fold: rms ? { weight: rms, epsilon: norm.epsilon } : undefined,
    normed: () => (y ??= normed(rec, norm, { x, step })),
  };
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
