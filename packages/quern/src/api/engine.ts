// The engine as its users see it, over whatever computes: a worker behind a port, or this very process.

import {
  type BenchRequest,
  type BenchRow,
  type EngineInfo,
  type GenerateRequest,
  type KernelTiming,
  type LoraInfo,
  type PerplexityResult,
  QuernError,
  type StreamPart,
  type Roofline,
} from '@quern/spec';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatParamsStreaming,
  ChatParamsWhole,
} from '../openai/chat-types.ts';
import type {
  Completion,
  CompletionChunk,
  CompletionParamsStreaming,
  CompletionParamsWhole,
} from '../openai/completion-types.ts';
import type { RequestOptions } from '../openai/shared-params.ts';
import type { AdapterRequest } from '../wire/host-api.ts';
import { benchRequest } from './bench-request.ts';
import { chatCreate, completionCreate } from './create.ts';

/** Which adapter: what a model may be, as a folder of PEFT or a GGUF. */
export type AdapterOptions = Pick<AdapterRequest, 'id' | 'model'>;

/** What an Engine is made over. */
export interface Backend {
  generate(request: GenerateRequest, signal?: AbortSignal): AsyncIterable<StreamPart>;
  perplexity(
    prompt: { kind: 'text'; text: string } | { kind: 'ids'; ids: number[] },
    signal?: AbortSignal,
  ): Promise<PerplexityResult>;
  bench(request: BenchRequest, signal?: AbortSignal): AsyncIterable<BenchRow>;
  profile(phase: 'prefill' | 'decode'): Promise<KernelTiming[]>;
  roofline(): Promise<Roofline>;
  loadAdapter(options: AdapterOptions, signal?: AbortSignal): Promise<LoraInfo>;
  unloadAdapter(id: string): Promise<void>;
  info(): EngineInfo | Promise<EngineInfo>;
  unload(): Promise<void>;
}

export interface CreateChatCompletion {
  (params: ChatParamsStreaming, options?: RequestOptions): AsyncIterable<ChatCompletionChunk>;
  (params: ChatParamsWhole, options?: RequestOptions): Promise<ChatCompletion>;
}

export interface CreateCompletion {
  (params: CompletionParamsStreaming, options?: RequestOptions): AsyncIterable<CompletionChunk>;
  (params: CompletionParamsWhole, options?: RequestOptions): Promise<Completion>;
}

export interface Engine {
  /**
   * OpenAI's chat completions. With `stream: true` an async iterable of chunks (its request starts with the
   * first pull; leaving the loop cancels it), else a promise of the whole answer. Throws QuernError:
   * 'invalid-request' for what it does not know or serve, by name; 'context-overflow', 'template-error',
   * 'aborted', 'device-lost', 'unloaded'.
   */
  readonly chat: { readonly completions: { readonly create: CreateChatCompletion } };
  /** OpenAI's text completions; `prompt` may be token ids. Throws as the chat does. */
  readonly completions: { readonly create: CreateCompletion };
  /**
   * Loads a LoRA adapter beside the model: a PEFT folder (by URL of its adapter_model.safetensors, hub id, files; in
   * Node a path) or a GGUF adapter. Requests choose it with `adapters: [{ id, scale }]`; others are as before.
   * Throws 'invalid-request' for an id that is taken and for an adapter of another model, 'unsupported-architecture'
   * for other kinds of adapters, and what loading a model throws.
   */
  loadAdapter(options: AdapterOptions, requestOptions?: RequestOptions): Promise<LoraInfo>;
  /** Frees an adapter once the requests before it are done. Throws 'not-found'. */
  unloadAdapter(id: string): Promise<void>;
  /** Model, memory, adapter and its limits, kernel variants, load times. */
  info(): Promise<EngineInfo>;
  /**
   * Speed: rows as they are measured. Defaults: prompts of 32 to 2,048 tokens, and 64 decoded after none and after up to 8,192,
   * as far as the context goes; less on a software adapter.
   */
  bench(request?: Partial<BenchRequest>, options?: RequestOptions): AsyncIterable<BenchRow>;
  /** Time per kernel of one decode step or one prefill chunk. Throws where the adapter has no timestamps. */
  profile(phase: 'prefill' | 'decode'): Promise<KernelTiming[]>;
  /** What the adapter can do at most, measured now: bytes a second, multiply-adds, the cost of a dispatch. */
  roofline(): Promise<Roofline>;
  /** Negative log-likelihood (nats) of every token but the first, given those before it. */
  perplexity(text: string | readonly number[], options?: RequestOptions): Promise<PerplexityResult>;
  /** Ends what runs and frees the GPU (with the last client of a shared worker). Later calls throw 'unloaded'. */
  unload(): Promise<void>;
}

export async function makeEngine(backend: Backend): Promise<Engine> {
  const loaded = await backend.info();
  const { model } = loaded;
  let unloading: Promise<void> | undefined;
  const alive = (): Backend => {
    if (unloading) throw new QuernError('unloaded', 'This engine was unloaded. Create another one.');
    return backend;
  };
  return {
    chat: { completions: { create: chatCreate(alive, model) } },
    completions: { create: completionCreate(alive, model) },
    info: async () => alive().info(),
    bench: (request, options) => alive().bench(benchRequest(loaded, request), options?.signal ?? undefined),
    profile: async (phase) => alive().profile(phase),
    roofline: async () => alive().roofline(),
    loadAdapter: async ({ id, model: files }, options) =>
      alive().loadAdapter({ id, model: files }, options?.signal ?? undefined),
    unloadAdapter: async (id) => alive().unloadAdapter(id),
    perplexity: async (text, options) =>
      alive().perplexity(
        typeof text === 'string' ? { kind: 'text', text } : { kind: 'ids', ids: [...text] },
        options?.signal ?? undefined,
      ),
    unload: () => (unloading ??= backend.unload()),
  };
}
