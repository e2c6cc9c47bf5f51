// The device self-test: runs the kernels that a model needs on known vectors, in every form that the adapter allows,
// while the weights arrive. This module comes only where nothing is remembered of an adapter; see variant-choice.ts.

import type { Gpu } from '@quern/gpu';
import type { Numerics } from '@quern/spec';
import { attentionTrial } from './attention-trial.ts';
import { GpuTrialBench } from './bench-trials.ts';
import { choose, type Chosen, type Findings } from './choose.ts';
import { matmulTrial } from './matmul-trial.ts';
import type { Need } from './need.ts';
import { normTrial } from './norm-trial.ts';
import type { Tools } from './tools.ts';
import type { Trial } from './trial.ts';

/** After so long no more variants are tried; the usual ones are checked however long that takes. */
const MOST_MS = { software: 1500, gpu: 1000 };
/** Weight types that are tried; each costs every matmul another compilation. */
const TYPES = { software: 1, gpu: 3 };
/** Rows of a prefill chunk that are tried. */
const ROWS = { software: 16, gpu: 128 };

export interface SelfTestOptions {
  gpu: Gpu;
  tools: Tools;
  need: Need;
  numerics: Numerics;
  /** What such an adapter gets untried, with those forced on top. */
  usual: Chosen;
  /** Taken as they are. */
  forced: Chosen;
  /** Milliseconds; default by the adapter. */
  mostMs?: number;
  signal?: AbortSignal | undefined;
}

/** Throws 'gpu-error' where every variant computes wrong; 'aborted', 'device-lost'. Frees what it took. */
export async function selfTest(options: SelfTestOptions): Promise<Findings> {
  const { gpu, tools, need, numerics, usual, forced, mostMs, signal } = options;
  const kind = gpu.caps.software ? 'software' : 'gpu';
  const until = performance.now() + (mostMs ?? MOST_MS[kind]);
  const trials: Trial[] = [];
  try {
    for (const matrix of need.matrices.slice(0, TYPES[kind])) {
      trials.push(matmulTrial(gpu, tools, matrix, 1));
      trials.push(matmulTrial(gpu, tools, matrix, Math.min(need.chunkRows, ROWS[kind])));
    }
    // Before attention and before the MLP.
    trials.push(normTrial(gpu, tools, need.dim, 2 * need.layers));
    trials.push(attentionTrial(gpu, tools, need, false), attentionTrial(gpu, tools, need, true));
    const bench = new GpuTrialBench({ gpu, tools, trials, until, signal });
    try {
      return await choose({ bench, axes: tools, caps: gpu.caps, numerics, usual, forced });
    } finally {
      bench.destroy();
    }
  } finally {
    for (const trial of trials) {
      trial.y.place.buffer.destroy();
      trial.destroy();
    }
  }
}
