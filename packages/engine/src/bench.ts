// Speed as llama-bench measures it: prefill of so many tokens, decode of so many after a short prompt. Token
// ids are arbitrary; nothing is taken from the cache.

import { type BenchRow, GREEDY, QuernError, type Roofline, throwIfAborted } from '@quern/spec';
import type { Dispatch, Gpu } from '@quern/gpu';
import type { PlanBook } from './plan-book.ts';
import { leastSeconds } from './roofline.ts';
import { LOOKAHEAD, type Runner } from './runner.ts';
import { type SamplerState, stagesFor } from './sampling/stages.ts';
import type { Sequence, SequenceCache } from './sequence-cache.ts';

export interface BenchContext {
  gpu: Gpu;
  kvBuffers: readonly GPUBuffer[];
  plans: PlanBook;
  runner: Runner;
  sampler: SamplerState;
  cache: SequenceCache;
  config: { vocabulary: number };
  contextLength: number;
  chunkRows: number;
  roofline: Roofline | undefined;
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
  return {
    test: 'prefill',
    tokens,
    depth: 0,
    tokensPerSecond,
    ...limitOf(context, tokens, chunks(context, tokens)),
  };
}

/**
 * After each number of tokens in `depths`, whose rows are zeros, as speed does not ask for more. Depths take turns, so
 * that a machine which slows down on the way does so for all of them. Empties the cache.
 */
export async function benchDecode(
  context: BenchContext,
  tokens: number,
  depths: readonly number[],
  repetitions: number,
  signal?: AbortSignal,
): Promise<BenchRow[]> {
  for (const depth of depths) fits(context, before(depth) + tokens);
  context.runner.prepare(before(Math.max(0, ...depths)) + tokens);
  const tests = depths.map((depth) => ({
    depth,
    same: new SameResults(),
    tokensPerSecond: new Array<number>(),
    scriptMs: Infinity,
  }));
  for (let i = 0; i <= repetitions; i++) {
    // A full warm-up would double the time of a slow adapter for nothing.
    const count = i === 0 ? Math.min(2, tokens) : tokens;
    for (const test of tests) {
      const { seconds, scriptMs } = await decodeOnce(context, count, test, signal);
      if (i === 0) continue;
      test.tokensPerSecond.push(tokens / seconds);
      test.scriptMs = Math.min(test.scriptMs, scriptMs / tokens);
    }
  }
  return Promise.all(
    tests.map(async ({ depth, tokensPerSecond, scriptMs }): Promise<BenchRow> => {
      const { dispatches } = await context.plans.decode(1, before(depth) + tokens, STAGES);
      const work = context.plans.outline('decode', 1, before(depth) + Math.ceil(tokens / 2));
      const reads = work.filter(({ kernel }) => /^attention-(?!reduce)/.test(kernel.name));
      return {
        test: 'decode',
        tokens,
        depth,
        tokensPerSecond,
        step: {
          dispatches: dispatches.length,
          scriptMicroseconds: scriptMs * 1000,
          kvBytes: reads.reduce((sum, { bytes }) => sum + bytes, 0),
          kvFlops: reads.reduce((sum, { flops }) => sum + flops, 0),
        },
        ...limitOf(context, 1, work),
      };
    }),
  );
}

/** The dispatches of a prompt in the largest chunks, without those of the head. */
function chunks({ plans, chunkRows }: BenchContext, tokens: number): Dispatch[] {
  const dispatches: Dispatch[] = [];
  for (let done = 0; done < tokens;) {
    const rows = Math.min(chunkRows, tokens - done);
    done = Math.min(tokens, done + rows);
    dispatches.push(...plans.outline('prefill', rows, done));
  }
  return dispatches;
}

/** Tokens a second that the roofline leaves for all dispatches of so many tokens; nothing where it was not measured. */
function limitOf({ roofline }: BenchContext, tokens: number, work: readonly Dispatch[]): { limit?: number } {
  if (!roofline) return {};
  const seconds = work.reduce(
    (sum, dispatch) => sum + leastSeconds({ ...dispatch, dispatches: 1 }, roofline),
    0,
  );
  return { limit: tokens / seconds };
}

/** The first step needs a token before it. */
function before(depth: number): number {
  return Math.max(1, depth);
}

async function decodeOnce(
  context: BenchContext,
  count: number,
  { depth, same }: { depth: number; same: SameResults },
  signal: AbortSignal | undefined,
): Promise<{ seconds: number; scriptMs: number }> {
  const { runner } = context;
  let scriptMs = 0;
  emptyCache(context);
  const seconds = await timed(context, async (sequence) => {
    runner.pretend(sequence, someTokens(context, before(depth)));
    const results: Array<Promise<Uint32Array>> = [];
    for (let n = 0; n < count; n++) {
      // Its plan is there, so that nothing is waited for between these two.
      const begun = performance.now();
      const { result } = await runner.decode(sequence, before(depth) + n, STAGES);
      scriptMs += performance.now() - begun;
      results.push(result);
      await results[n - LOOKAHEAD];
      throwIfAborted(signal);
    }
    same.check(await Promise.all(results));
  });
  return { seconds, scriptMs };
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
