// Gathers the embedding rows of a step's tokens: bit-exact with the reference decode.

import type { Recorder, Tensor } from '@quern/gpu';
import { assert } from '@quern/spec';
import { defineKernel } from '../lib/link.ts';
import step from '../lib/step.wgsl?raw';
import type { Weight } from '../lib/weight.ts';
import { words } from '../lib/words.ts';
import { weightModules } from '../quant/index.ts';
import main from './embed.wgsl?raw';

export interface EmbedOptions {
  /** [vocabulary, dim]. Token ids at or beyond its rows leave their row of y as it was. */
  weight: Weight;
  step: Tensor;
  /** [rows, dim] f32. */
  y: Tensor;
  /** Multiplies every value; default 1. */
  scale?: number;
  /** The rows' positions choose, not their tokens, and y is added to (learned positions). Default false. */
  positions?: boolean;
}

export function embed(
  rec: Recorder,
  { weight, step: stepTensor, y, scale = 1, positions = false }: EmbedOptions,
): void {
  const [rows, dim] = y.shape as [number, number];
  assert(dim === weight.cols, `${weight.name}: y has ${dim} columns, the weight ${weight.cols}`);
  const kernel = defineKernel({
    name: `embed ${weight.dtype.name}`,
    main,
    modules: { ...weightModules(weight.dtype), step },
    conditions: { positions },
    bindings: ['read', 'read', 'read', 'write', 'uniform'],
  });
  const groups = Math.ceil(dim / 32);
  for (const part of weight.parts) {
    rec.dispatch({
      kernel,
      bind: [part.quants, part.scales, stepTensor, y],
      params: words(
        rows,
        groups,
        dim / 4,
        weight.quantsStride,
        weight.scalesStride,
        part.firstRow,
        part.rows,
        { f32: scale },
      ),
      workgroups: [Math.ceil(groups / 32), rows],
      bytes: rows * (weight.quantsStride * 16 + weight.scalesStride * 4 + dim * 4),
      flops: rows * dim * 2,
    });
  }
}
