// The device self-test: runs the kernels that a model needs on known vectors, in every form that the adapter allows,
// while the weights arrive. This module comes only where nothing is remembered of an adapter; see variant-choice.ts.

import type { Gpu } from '@quern/gpu';
import type { Numerics } from '@quern/spec';
import { attentionTrial } from './attention-trial.ts';
import { GpuTrialBench } from './bench-trials.ts';
import { choose, type Chosen, type Findings } from './choose.ts';
import { expertsTrial } from './experts-trial.ts';
import { matmulTrial } from './matmul-trial.ts';
import type { Need } from './need.ts';
import { normTrial } from './norm-trial.ts';
import type { Tools } from './tools.ts';
import type { Trial } from './trial.ts';

export { keptForm } from './kept-form.ts';

/**
 * The usual variants are checked however long that takes. Others are tried while the load has to wait for its weights
 * anyway, for so long at most; and so long where there is nothing to wait for.
 */
const MOST_MS = 1000;
const LEAST_MS = 300;
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
  /** Called with the first variants that are right: the load compiles its kernels then, before others are tried. */
  settled?: (variants: Chosen) => Promise<unknown>;
  /** When it fires, the load waits for nothing else. */
  arrived?: AbortSignal;
  /** Milliseconds for the others at most, whether something has arrived or not. */
  mostMs?: number;
  signal?: AbortSignal | undefined;
}

/** Throws 'gpu-error' where every variant computes wrong; 'aborted', 'device-lost'. Frees what it took. */
export async function selfTest(options: SelfTestOptions): Promise<Findings> {
  const { gpu, tools, need, numerics, usual, forced, arrived, mostMs, signal } = options;
  const kind = gpu.caps.software ? 'software' : 'gpu';
  const enough = new AbortController();
  const timers: Array<ReturnType<typeof setTimeout>> = [];
  const stopAfter = (ms: number) => void timers.push(setTimeout(() => enough.abort(), ms));
  const settled = async (variants: Chosen) => {
    await options.settled?.(variants);
    if (mostMs !== undefined) {
      if (mostMs > 0) stopAfter(mostMs);
      else enough.abort();
      return;
    }
    stopAfter(MOST_MS);
    if (arrived?.aborted) stopAfter(LEAST_MS);
    else arrived?.addEventListener('abort', () => enough.abort());
  };
  const trials: Trial[] = [];
  try {
    for (const matrix of need.matrices.slice(0, TYPES[kind])) {
      const trial = matrix.experts > 1 ? expertsTrial : matmulTrial;
      trials.push(trial(gpu, tools, matrix, 1));
      trials.push(trial(gpu, tools, matrix, Math.min(need.chunkRows, ROWS[kind])));
    }
    const plain = need.matrices.find(({ experts }) => experts === 1);
    // Before attention and before the MLP.
    if (plain) trials.push(normTrial(gpu, tools, plain, 2 * need.layers));
    trials.push(attentionTrial(gpu, tools, need, false), attentionTrial(gpu, tools, need, true));
    const bench = new GpuTrialBench({ gpu, tools, trials, enough: enough.signal, signal });
    try {
      return await choose({ bench, axes: tools, caps: gpu.caps, numerics, usual, forced, settled });
    } finally {
      bench.destroy();
    }
  } finally {
    timers.forEach(clearTimeout);
    for (const trial of trials) {
      trial.y.place.buffer.destroy();
      trial.destroy();
    }
  }
}
