// What a bench measures unless told otherwise: enough to see how speed falls with length, within patience.

import type { BenchRequest, EngineInfo } from '@quern/spec';

const GPU: BenchRequest = {
  promptTokens: [32, 128, 512, 2048],
  decodeTokens: 64,
  depths: [0, 512, 2048, 8192],
  repetitions: 3,
};

/** A software adapter takes minutes for what a GPU does in seconds. */
const SOFTWARE: BenchRequest = { promptTokens: [128, 512], decodeTokens: 64, depths: [0], repetitions: 3 };

/** `given`, and for the rest the defaults, without what the context does not hold. */
export function benchRequest(
  { adapter, contextLength }: Pick<EngineInfo, 'adapter' | 'contextLength'>,
  given: Partial<BenchRequest> = {},
): BenchRequest {
  const wanted = adapter.software ? SOFTWARE : GPU;
  // The first token that is written needs one before it.
  const { decodeTokens = Math.min(wanted.decodeTokens, contextLength - 1) } = given;
  const prompts = wanted.promptTokens.filter((tokens) => tokens <= contextLength);
  const depths = wanted.depths.filter((depth) => Math.max(1, depth) + decodeTokens <= contextLength);
  return {
    promptTokens: given.promptTokens ?? (prompts.length > 0 ? prompts : [contextLength]),
    decodeTokens,
    // Where not even 0 has room, the engine says so.
    depths: given.depths ?? (depths.length > 0 ? depths : [0]),
    repetitions: given.repetitions ?? wanted.repetitions,
  };
}
