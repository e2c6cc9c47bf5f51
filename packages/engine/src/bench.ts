// Speed as llama-bench measures it: prefill of so many tokens, decode of so many after a short prompt. Token
// ids are arbitrary; nothing is taken from the cache.

import { type BenchRow, GREEDY, QuernError, throwIfAborted } from '@quern/spec';
import { LOOKAHEAD, type Runner } from './runner.ts';
import { type SamplerState, stagesFor } from './sampling/stages.ts';
import type { Sequence, SequenceCache } from './sequence-cache.ts';

export interface BenchContext {
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
  for (let i = 0; i <= repetitions; i++) {
    const seconds = await timed(context, async (sequence) => {
      const { result } = await context.runner.prefill(sequence, someTokens(context, tokens), STAGES, signal);
      await result;
    });
    if (i > 0) tokensPerSecond.push(tokens / seconds);
  }
  return { test: 'prefill', tokens, tokensPerSecond };
}

export async function benchDecode(
  context: BenchContext,
  tokens: number,
  repetitions: number,
  signal?: AbortSignal,
): Promise<BenchRow> {
  const prompt = someTokens(context, 2);
  fits(context, prompt.length + tokens);
  context.runner.prepare(prompt.length + tokens);
  const tokensPerSecond: number[] = [];
  for (let i = 0; i <= repetitions; i++) {
    // A full warm-up would double the time of a slow adapter for nothing.
    const count = i === 0 ? Math.min(2, tokens) : tokens;
    let start = 0;
    await timed(context, async (sequence) => {
      const { result } = await context.runner.prefill(sequence, prompt, STAGES, signal);
      await result;
      start = performance.now();
      const inFlight: Array<Promise<unknown>> = [];
      for (let n = 0; n < count; n++) {
        inFlight.push((await context.runner.decode(sequence, prompt.length + n, STAGES)).result);
        if (inFlight.length > LOOKAHEAD) await inFlight.shift();
        throwIfAborted(signal);
      }
      await Promise.all(inFlight);
    });
    if (i > 0) tokensPerSecond.push((tokens * 1000) / (performance.now() - start));
  }
  return { test: 'decode', tokens, tokensPerSecond };
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
