// A scripted InferenceEngine for tests: answers with given pieces of text, one token each, at a given
// pace; honours signals; fails where told to.

import {
  type BenchRequest,
  type BenchRow,
  type EngineInfo,
  type GenerateRequest,
  type InferenceEngine,
  type KernelTiming,
  type LoraInfo,
  type PerplexityResult,
  type Roofline,
  type Prompt,
  QuernError,
  type StreamPart,
  throwIfAborted,
  type TokenInfo,
} from '@quern/spec';

export interface FakeScript {
  /** One token each; the id of piece i is 100 + i. */
  pieces?: string[];
  /** Milliseconds between tokens; 0 yields to other tasks only. */
  delayMs?: number;
  /** Thrown after this many tokens. */
  failure?: { after: number; error: QuernError };
}

const encoder = new TextEncoder();

export class FakeEngine implements InferenceEngine {
  readonly requests: GenerateRequest[] = [];
  /** Tokens produced over all requests. */
  produced = 0;
  /** Requests that ended by a signal or by the iterator's return. */
  cancelled = 0;
  unloads = 0;
  readonly adapters: LoraInfo[] = [];
  readonly #script: FakeScript;

  constructor(script: FakeScript = {}) {
    this.#script = script;
  }

  async *generate(
    request: GenerateRequest,
    signal?: AbortSignal,
  ): AsyncGenerator<StreamPart, void, undefined> {
    if (this.unloads > 0) throw new QuernError('unloaded', 'The engine was unloaded.');
    this.requests.push(request);
    const { pieces = ['Hello', ' world'], failure } = this.#script;
    const promptIds = request.prompt.kind === 'ids' ? request.prompt.ids : [1, 2, 3];
    let finished = false;
    try {
      yield { type: 'prompt-start', promptIds };
      const count = Math.min(pieces.length, request.maxTokens ?? Infinity);
      for (let i = 0; i < count; i++) {
        if (failure?.after === i) throw failure.error;
        await this.#pause(signal);
        this.produced += 1;
        yield { type: 'text-delta', text: pieces[i]!, ids: [100 + i], ...logprobsOf(request, i, pieces[i]!) };
      }
      finished = true;
      yield {
        type: 'finish',
        reason: count < pieces.length ? 'length' : 'stop',
        usage: { promptTokens: promptIds.length, completionTokens: count, cachedTokens: 1 },
        timings: { timeToFirstTokenMs: 20, prefillTokens: 100, prefillMs: 50, decodeTokens: 9, decodeMs: 90 },
      };
    } finally {
      if (!finished) this.cancelled += 1;
    }
  }

  async perplexity(
    prompt: Extract<Prompt, { kind: 'text' | 'ids' }>,
    signal?: AbortSignal,
  ): Promise<PerplexityResult> {
    await this.#pause(signal);
    const promptIds = prompt.kind === 'ids' ? prompt.ids : [...encoder.encode(prompt.text)];
    return { promptIds, nll: promptIds.slice(1).map((_, index) => index + 1) };
  }

  async *bench(request: BenchRequest, signal?: AbortSignal): AsyncGenerator<BenchRow, void, undefined> {
    for (const tokens of request.promptTokens) {
      await this.#pause(signal);
      yield {
        test: 'prefill',
        tokens,
        depth: 0,
        tokensPerSecond: Array.from({ length: request.repetitions }, (_, i) => 10 + i),
      };
    }
    for (const depth of request.depths) {
      const step = { dispatches: 211, scriptMicroseconds: 420, kvBytes: 1000, kvFlops: 4000 };
      yield { test: 'decode', tokens: request.decodeTokens, depth, tokensPerSecond: [3], step };
    }
  }

  async profile(phase: 'prefill' | 'decode'): Promise<KernelTiming[]> {
    return [
      {
        kernel: `matmul-${phase}`,
        dispatches: 2,
        microseconds: 7,
        bytes: 10,
        flops: 20,
        leastMicroseconds: 3.5,
      },
    ];
  }

  async roofline(): Promise<Roofline> {
    return { bytesPerSecond: 1e9, flopsPerSecond: 2e9, dispatchMicroseconds: 1, readbackMilliseconds: 0.5 };
  }

  async loadAdapter(id: string): Promise<LoraInfo> {
    const info = { id, rank: 8, weights: 14, bytes: 1000 };
    this.adapters.push(info);
    return info;
  }

  async unloadAdapter(id: string): Promise<void> {
    const at = this.adapters.findIndex((adapter) => adapter.id === id);
    if (at < 0) throw new QuernError('not-found', `No adapter '${id}' is loaded.`);
    this.adapters.splice(at, 1);
  }

  info(): EngineInfo {
    return { ...FAKE_INFO, adapters: [...this.adapters] };
  }

  async unload(): Promise<void> {
    this.unloads += 1;
  }

  async #pause(signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, this.#script.delayMs ?? 0);
      signal?.addEventListener('abort', end);
    });
    throwIfAborted(signal);
  }
}

function logprobsOf(
  { topLogprobs }: GenerateRequest,
  index: number,
  piece: string,
): { tokens?: TokenInfo[] } {
  if (topLogprobs === undefined) return {};
  const token = { id: 100 + index, logprob: -0.25, bytes: [...encoder.encode(piece)] };
  const other = { id: 7, logprob: -2, bytes: [0xf0, 0x9f] };
  return { tokens: [{ ...token, top: [token, other].slice(0, topLogprobs) }] };
}

export const FAKE_INFO: EngineInfo = {
  model: 'fake-model',
  architecture: 'llama',
  contextLength: 2048,
  trainedContextLength: 2048,
  parameters: 134_515_008,
  tensorTypes: { Q4_1: 210, F32: 61 },
  vocabularySize: 49152,
  hasChatTemplate: true,
  kv: 'f16',
  adapters: [],
  memory: {
    weightBytes: 90_000_000,
    kvBytes: 47_000_000,
    kvGroups: [{ reach: 'all', layers: 30, tokens: 2048, bytes: 47_000_000 }],
    scratchBytes: 1_000_000,
  },
  adapter: {
    vendor: 'google',
    architecture: 'swiftshader',
    device: '',
    description: 'SwiftShader',
    software: true,
    features: [],
    limits: {},
  },
  variants: { gemv: 'thread' },
  variantChoices: { gemv: { value: 'thread', by: 'measured', milliseconds: { thread: 1.5, workgroup: 45 } } },
  numerics: 'exact',
  timings: {
    openMs: 1,
    weightsMs: 5,
    chooseMs: 2,
    compileMs: 3,
    textMs: 1,
    lastByteMs: 4,
    uploadMs: 5,
    verifyMs: 1,
    loadMs: 6,
    bytesFetched: 0,
  },
};
