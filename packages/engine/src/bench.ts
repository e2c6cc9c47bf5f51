// Speed as llama-bench measures it: prefill of so many tokens, decode of so many after a short prompt. Token
// ids are arbitrary; nothing is taken from the cache.

import { type BenchRow, GREEDY, QuernError, throwIfAborted } from '@quern/spec';
import type { Gpu } from '@quern/gpu';
import { LOOKAHEAD, type Runner } from './runner.ts';
import { type SamplerState, stagesFor } from './sampling/stages.ts';
import type { Sequence, SequenceCache } from './sequence-cache.ts';

export interface BenchContext {
  gpu: Gpu;
  kvBuffers: readonly GPUBuffer[];
  runner: Runner;
  sampler: SamplerState;
  cache: SequenceCache;
  config: { vocabulary: number };
  contextLength: number;
}

const STAGES = stagesFor(GREEDY, false);

/** Repetitions come after one that is not counted. */
export async function benchPrefill(
  context: BenchContext,
  tokens: number,
  repetitions: number,
  signal?: AbortSignal,
): Promise<BenchRow> {
  fits(context, tokens);
  context.runner.prepare(tokens);
  const tokensPerSecond: number[] = [];
  const same = new SameResults();
  for (let i = 0; i <= repetitions; i++) {
    const seconds = await timed(context, async (sequence) => {
      const { result } = await context.runner.prefill(sequence, someTokens(context, tokens), STAGES, signal);
      same.check([await result]);
    });
    if (i > 0) tokensPerSecond.push(tokens / seconds);
  }
  return { test: 'prefill', tokens, depth: 0, tokensPerSecond };
}

/** After `depth` tokens whose rows are zeros, as speed does not ask for more. Empties the cache. */
export async function benchDecode(
  context: BenchContext,
  tokens: number,
  depth: number,
  repetitions: number,
  signal?: AbortSignal,
): Promise<BenchRow> {
  const { runner } = context;
  // The first step needs a token before it.
  const before = Math.max(1, depth);
  fits(context, before + tokens);
  runner.prepare(before + tokens);
  const tokensPerSecond: number[] = [];
  const same = new SameResults();
  for (let i = 0; i <= repetitions; i++) {
    // A full warm-up would double the time of a slow adapter for nothing.
    const count = i === 0 ? Math.min(2, tokens) : tokens;
    emptyCache(context);
    const seconds = await timed(context, async (sequence) => {
      runner.pretend(sequence, someTokens(context, before));
      const results: Array<Promise<Uint32Array>> = [];
      for (let n = 0; n < count; n++) {
        results.push((await runner.decode(sequence, before + n, STAGES)).result);
        await results[n - LOOKAHEAD];
        throwIfAborted(signal);
      }
      same.check(await Promise.all(results));
    });
    if (i > 0) tokensPerSecond.push(tokens / seconds);
  }
  return { test: 'decode', tokens, depth, tokensPerSecond };
}

function emptyCache({ gpu, cache, kvBuffers }: BenchContext): void {
  cache.clear();
  const encoder = gpu.device.createCommandEncoder();
  for (const buffer of kvBuffers) encoder.clearBuffer(buffer);
  gpu.device.queue.submit([encoder.finish()]);
}

/** The same work gives the same result, or its speed says nothing. */
class SameResults {
  readonly #first: Uint32Array[] = [];

  /** Throws 'gpu-error' where a step of this repetition differs from that of an earlier one. */
  check(results: readonly Uint32Array[]): void {
    for (const [step, result] of results.entries()) {
      const first = (this.#first[step] ??= result);
      if (result.every((word, i) => word === first[i])) continue;
      throw new QuernError(
        'gpu-error',
        `Step ${step} gave another result when it was repeated: the adapter computes wrong, so its speed says nothing.`,
      );
    }
  }
}

async function timed(context: BenchContext, run: (sequence: Sequence) => Promise<void>): Promise<number> {
  const sequence = context.cache.start();
  context.sampler.start(GREEDY, STAGES, []);
  const start = performance.now();
  try {
    await run(sequence);
    return (performance.now() - start) / 1000;
  } finally {
    context.cache.free(sequence);
  }
}

function someTokens({ config }: BenchContext, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (i * 7919 + 13) % config.vocabulary);
}

function fits({ contextLength }: BenchContext, tokens: number): void {
  if (tokens > contextLength) {
    throw new QuernError('context-overflow', `${tokens} tokens do not fit the context of ${contextLength}.`);
  }
}
