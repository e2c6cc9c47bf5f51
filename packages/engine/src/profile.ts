// Time per kernel of a step, as the profiler of packages/gpu takes it: after a prompt of one chunk.

import { profilePlan } from '@quern/gpu';
import { GREEDY, type KernelTiming } from '@quern/spec';
import type { EngineParts } from './engine.ts';
import { stagesFor } from './sampling/stages.ts';

/** Throws 'webgpu-unavailable' where the adapter has no timestamps. */
export async function profileStep(
  { gpu, plans, steps, cache, chunkRows, contextLength }: EngineParts,
  phase: 'prefill' | 'decode',
): Promise<KernelTiming[]> {
  const sequence = cache.start();
  try {
    const stages = stagesFor(GREEDY, false);
    const tokens = Math.min(chunkRows, contextLength - 1);
    cache.reserve(sequence, 0, tokens + 1);
    steps.writePages(sequence);
    steps.writeChunk(
      Array.from({ length: tokens }, (_, i) => i % 7),
      0,
    );
    steps.writeDecode(1, tokens);
    const plan =
      phase === 'prefill'
        ? await plans.prefill(chunkRows, chunkRows, { kind: 'sample', stages })
        : await plans.decode(1, tokens + 1, stages);
    await profilePlan(gpu, plan); // the first run pays for what the driver compiles late
    steps.writeDecode(1, tokens);
    return await profilePlan(gpu, plan);
  } finally {
    cache.free(sequence);
  }
}
