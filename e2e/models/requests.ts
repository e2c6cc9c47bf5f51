// Requests to a loaded engine, and what came back.

import { loadEngine, type LoadOptions } from '@quern/engine';
import { openDawn } from '@quern/gpu/node';
import {
  type FinishReason,
  type GenerateRequest,
  GREEDY,
  type InferenceEngine,
  type SamplingOptions,
  type StreamPart,
  type TokenInfo,
  type Usage,
} from '@quern/spec';
import { caseSource } from './case.ts';
import { forcedVariants } from './forced-variants.ts';

/** The tiny model of a conformance case, with a cache that rounds nothing unless `options` say otherwise. */
export async function loadCase(name: string, options: Partial<LoadOptions> = {}): Promise<InferenceEngine> {
  const forced = forcedVariants();
  const variants = forced && { variants: forced };
  return loadEngine({
    sources: [caseSource(name)],
    gpu: await openDawn(),
    kv: 'f32',
    ...variants,
    ...options,
  });
}

type Asked = Partial<Omit<GenerateRequest, 'prompt' | 'sampling'>> & { sampling?: Partial<SamplingOptions> };

/** Greedy, eight tokens, past end-of-sequence, unless `asked` says otherwise. */
export function ask(ids: readonly number[], { sampling, ...asked }: Asked = {}): GenerateRequest {
  return {
    prompt: { kind: 'ids', ids: [...ids] },
    sampling: { ...GREEDY, ...sampling },
    maxTokens: 8,
    stop: [],
    ignoreEos: true,
    ...asked,
  };
}

export interface Answer {
  parts: StreamPart[];
  ids: number[];
  text: string;
  /** Of each token, where logprobs were asked for. */
  tokens: TokenInfo[];
  reason: FinishReason;
  usage: Usage;
}

export async function collect(stream: AsyncIterable<StreamPart>): Promise<Answer> {
  const parts: StreamPart[] = [];
  for await (const part of stream) parts.push(part);
  const deltas = parts.filter((part) => part.type === 'text-delta');
  const finish = parts.find((part) => part.type === 'finish');
  if (!finish) throw new Error(`no finish among ${parts.map(({ type }) => type).join(', ')}`);
  return {
    parts,
    ids: deltas.flatMap(({ ids }) => ids),
    text: deltas.map(({ text }) => text).join(''),
    tokens: deltas.flatMap(({ tokens }) => tokens ?? []),
    reason: finish.reason,
    usage: finish.usage,
  };
}

export function answer(engine: InferenceEngine, ids: readonly number[], asked?: Asked): Promise<Answer> {
  return collect(engine.generate(ask(ids, asked)));
}
