// What an engine is to everyone above it: the worker host, the Node entry, the CLI, the tests' fakes.

import type { ByteSource } from './byte-source.ts';
import type { ChatMessage } from './messages.ts';
import type { SamplingOptions } from './sampling.ts';
import type { StreamPart } from './stream-part.ts';

/**
 * 'exact': activations as floats, as the reference has them. 'fast': where the adapter has packed integer dot products,
 * matmuls may take activations as bytes, which moves results a little (docs/performance.md).
 */
export type Numerics = 'exact' | 'fast';

export type KvType = 'f32' | 'f16' | 'q8';

export type Prompt =
  /** Raw text; BOS is added where the model's file says so. */
  | { kind: 'text'; text: string }
  /** Token ids, used exactly as given. */
  | { kind: 'ids'; ids: number[] }
  /** Rendered by the model's own chat template. */
  | { kind: 'chat'; messages: ChatMessage[] };

/** A loaded LoRA adapter in a request, and how much of it: 1 as it was trained, 0 nothing. */
export interface LoraChoice {
  id: string;
  scale: number;
}

/** A loaded LoRA adapter. */
export interface LoraInfo {
  id: string;
  /** The largest of its additions, rounded up to a multiple of 4. */
  rank: number;
  /** Weights of the base model that it adds to. */
  weights: number;
  /** On the GPU. */
  bytes: number;
}

export interface GenerateRequest {
  prompt: Prompt;
  sampling: SamplingOptions;
  /** Undefined: until the context is full. */
  maxTokens?: number;
  /** Stop strings; the text ends before the first that appears. */
  stop: string[];
  /** Go on past end-of-sequence tokens. */
  ignoreEos: boolean;
  /** Undefined: no logprobs. 0: the chosen token's only. At most 20. */
  topLogprobs?: number;
  /** LoRA adapters that are added up; none by default. */
  adapters?: LoraChoice[];
}

export interface PerplexityResult {
  /** Natural log, of positions 1..n-1 given all before. */
  nll: number[];
  promptIds: number[];
}

/** Layers whose rows see equally far back: they share pages of keys and values. */
export interface KvGroupInfo {
  /** Every earlier token, a window of the last `reachTokens`, or those of the same chunk of `reachTokens`. */
  reach: 'all' | 'window' | 'chunk';
  reachTokens?: number;
  layers: number;
  /** Tokens that there is room for: with a window or a chunk, the same for any length of context. */
  tokens: number;
  bytes: number;
}

export interface MemoryInfo {
  weightBytes: number;
  /** Of all groups. */
  kvBytes: number;
  kvGroups: KvGroupInfo[];
  scratchBytes: number;
}

export interface AdapterInfo {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  software: boolean;
  features: string[];
  limits: Record<string, number>;
}

/** Milliseconds. Weights, kernels and text are made side by side. */
export interface LoadTimings {
  /** Header, device, and room for everything. */
  openMs: number;
  /** From then on: until the weights were on the GPU, and samples of them read back. */
  weightsMs: number;
  /** From then on: until kernel variants were chosen: remembered ones at once, others after a self-test. */
  chooseMs: number;
  /** From then on: until the kernels of a chat's first request were compiled, the choice of them included. */
  compileMs: number;
  /** Making the tokenizer and the chat template. */
  textMs: number;
  /** From the start of the load: when the last byte had come, and when the GPU had it. */
  lastByteMs: number;
  uploadMs: number;
  /** Reading samples of the weights back from the GPU. */
  verifyMs: number;
  /** From the start of the load: when the prompt that came with it was computed. */
  promptMs?: number;
  /** All of it. */
  loadMs: number;
  bytesFetched: number;
}

/** How the value of a kernel variant's axis was chosen. */
export interface VariantChoice {
  value: string;
  /**
   * 'forced': asked for. 'usual': what such adapters get, untried. 'measured': by the self-test of this load, which runs
   * kernels on known vectors; 'remembered': by that of an earlier one on this very adapter, browser and build.
   */
  by: 'forced' | 'usual' | 'measured' | 'remembered';
  /** Of the values that were timed: what the kernels concerned take of a token, about. */
  milliseconds?: Record<string, number>;
  /** Values that compute wrong on this adapter, or do not run: why. */
  refused?: Record<string, string>;
}

export interface EngineInfo {
  model: string;
  /** The file's own word for its architecture. */
  architecture: string;
  contextLength: number;
  trainedContextLength: number;
  parameters: number;
  /** Tensors of each block type. */
  tensorTypes: Record<string, number>;
  vocabularySize: number;
  hasChatTemplate: boolean;
  kv: KvType;
  /** Loaded LoRA adapters. */
  adapters: LoraInfo[];
  memory: MemoryInfo;
  adapter: AdapterInfo;
  /** Axis -> chosen value, e.g. gemv: 'thread'. */
  variants: Record<string, string>;
  /** By axis: how that value came to be chosen. */
  variantChoices: Record<string, VariantChoice>;
  /** What they compute: 'fast' where one of them is that; where the adapter has none, asking for 'fast' gives 'exact'. */
  numerics: Numerics;
  timings: LoadTimings;
}

/** Time of one kernel over a profiled step. */
export interface KernelTiming {
  kernel: string;
  dispatches: number;
  microseconds: number;
  bytes: number;
  flops: number;
  /** The least that bytes, arithmetic and dispatches allow on this adapter; known once its roofline was measured. */
  leastMicroseconds?: number;
}

/** What an adapter can do at most, as measured. */
export interface Roofline {
  /** Bytes read and written by a copy. */
  bytesPerSecond: number;
  /** Multiply-adds count twice. */
  flopsPerSecond: number;
  /** Of a dispatch that does nothing, in a pass of many. */
  dispatchMicroseconds: number;
  /** From a submit to four bytes of its result. */
  readbackMilliseconds: number;
}

export interface BenchRequest {
  /** Prompt lengths to prefill. */
  promptTokens: number[];
  /** Tokens to decode; 0 for none. */
  decodeTokens: number;
  /** How many tokens the cache holds before them: rows that were never computed, as speed does not ask. */
  depths: number[];
  repetitions: number;
}

/** What one step of decode is made of. */
export interface StepCost {
  dispatches: number;
  /** Time of the script that encodes and submits it, in microseconds: the mean of the fastest repetition. */
  scriptMicroseconds: number;
  /** What attention reads of the cache, in bytes, and its arithmetic (a multiply-add counts twice), halfway through the test. */
  kvBytes: number;
  kvFlops: number;
}

export interface BenchRow {
  /** 'prefill' or 'decode'. */
  test: 'prefill' | 'decode';
  tokens: number;
  /** Tokens that were there before. */
  depth: number;
  /** Tokens a second of each repetition. */
  tokensPerSecond: number[];
  /** Of decode only. */
  step?: StepCost;
  /**
   * Of decode at a depth, where depth 0 was measured beside it: the tokens a second that the speed there leaves when what
   * attention reads and computes besides costs what this adapter takes for it at least (its roofline).
   */
  line?: number;
  /** Tokens a second that the roofline leaves for all the bytes, arithmetic and dispatches; known once it was measured. */
  limit?: number;
}

export interface InferenceEngine {
  /** Ends early when the signal fires: throws 'aborted'. Returning the iterator cancels too. */
  generate(request: GenerateRequest, signal?: AbortSignal): AsyncIterable<StreamPart>;
  perplexity(
    prompt: Extract<Prompt, { kind: 'text' | 'ids' }>,
    signal?: AbortSignal,
  ): Promise<PerplexityResult>;
  bench(request: BenchRequest, signal?: AbortSignal): AsyncIterable<BenchRow>;
  /** Time per kernel of one decode step and one prefill chunk; throws where timestamps are missing. */
  profile(phase: 'prefill' | 'decode'): Promise<KernelTiming[]>;
  /** What this adapter can do at most: what the bench and the profile are held against. Takes some seconds. */
  roofline(): Promise<Roofline>;
  /**
   * Reads a LoRA adapter (the files of a PEFT folder, or a GGUF) onto the GPU, for requests to choose by `id`. The
   * base weights stay as they are. Closes the sources. Throws 'invalid-request' for an id that is taken and for
   * adapters of other models, 'unsupported-architecture' for other kinds of adapters, 'corrupt-file', 'aborted'.
   */
  loadAdapter(id: string, sources: ByteSource[], signal?: AbortSignal): Promise<LoraInfo>;
  /** Frees it, when requests that came before are done. Throws 'not-found'. */
  unloadAdapter(id: string): Promise<void>;
  info(): EngineInfo;
  /** Frees the GPU. Later calls throw 'unloaded'. */
  unload(): Promise<void>;
}
