// What the page may ask of the host, and how the two first meet. Everything slow is an async iterable,
// so that the page's AbortSignal can become `return()`.

import type {
  BenchRequest,
  BenchRow,
  CachedModel,
  EngineInfo,
  GenerateRequest,
  KernelTiming,
  KvType,
  Numerics,
  LoadPlan,
  LoraInfo,
  PerplexityResult,
  Progress,
  Prompt,
  Roofline,
  StorageUsage,
  StreamPart,
  VerifyReport,
} from '@quern/spec';
import type { WireError } from './error-wire.ts';

/** A URL, a hub id, a file, or one that the user picked or of OPFS. */
export type FileRef = string | Blob | FileSystemFileHandle;

/** One of these, the files of one model, or a folder that the user opened or of OPFS. */
export type ModelRef = FileRef | FileSystemDirectoryHandle | readonly FileRef[];

/** The same as it can cross to a worker. */
export function plainRef(model: ModelRef): ModelRef {
  return isList(model) ? Array.from(model) : model;
}

export function isList(model: ModelRef): model is readonly FileRef[] {
  return typeof model === 'object' && !(model instanceof Blob) && !('kind' in model);
}

/**
 * What happens where the storage has no room for a model. 'never': nothing is deleted, the model comes over the network
 * without being kept, and a warning tells how much is missing. 'least-recently-used': whole cached models are deleted,
 * the least recently used first, until it fits; never one that is in use in any tab, and none where even all of them
 * would not do.
 */
export type MakeRoom = 'never' | 'least-recently-used';

export interface LoadRequest {
  /**
   * A URL, a Hugging Face hub id, a File or Blob, a file handle (showOpenFilePicker, OPFS), the list of one model's
   * files, or a folder's handle (showDirectoryPicker, OPFS); in Node also a path. Of a hub id without a quantisation,
   * one that this device can take is chosen.
   */
  model: ModelRef;
  /** What relative URLs are relative to: the page, as a worker may lie elsewhere. */
  baseUrl?: string;
  /** Tokens. Default: min(trained length, 4096, what fits). */
  contextLength?: number;
  /**
   * How keys and values are kept. Default 'f16'; 'q8' where the context asked for fits no other way: 9/16 of the bytes. On
   * SmolLM2-135M it moves a token's log-likelihood by 0.04 nats (rms) and the mean by less than 0.005 (docs/performance.md).
   */
  kv?: KvType;
  /** What the model may take of the GPU in all, in bytes. Default: as much as the device gives. */
  memoryBytes?: number;
  /**
   * Default 'exact'. 'fast' lets matmuls multiply activations as bytes where that is faster on this adapter: results
   * move a little (docs/performance.md has by how much). `info().numerics` tells what came of it.
   */
  numerics?: Numerics;
  /** Forces kernel variants, axis -> value. */
  variants?: Record<string, string>;
  /** Computed while the weights arrive. */
  prompt?: Prompt;
  /** Access token for gated models of the hub. */
  token?: string;
  /** A mirror of the hub. Default https://huggingface.co. */
  hubBaseUrl?: string;
  /** Default 'never'. */
  makeRoom?: MakeRoom;
}

/** A LoRA adapter to load beside the model. */
export interface AdapterRequest extends Pick<LoadRequest, 'model' | 'baseUrl' | 'token' | 'hubBaseUrl'> {
  /** What requests call it. */
  id: string;
}

/**
 * What slow work tells: how far it is, what went wrong without ending it (such as a cache that is full), and last what
 * came of it.
 */
export type News<Result> = { progress: Progress } | { warning: WireError } | { result: Result };

export interface HostApi {
  /** Resolves when the host is there; `lock` is the name of the Web Lock that it holds while it lives. */
  hello(): { lock: string | undefined };
  /** Whether WebGPU offers an adapter where the host runs: not every browser has it in a SharedWorker. */
  hasGpu(): Promise<boolean>;
  /** Ends when the model is ready. A host holds one model; others that ask for the same share it. */
  load(request: LoadRequest): AsyncIterable<News<void>>;
  generate(request: GenerateRequest): AsyncIterable<StreamPart>;
  /** One item. */
  perplexity(prompt: Extract<Prompt, { kind: 'text' | 'ids' }>): AsyncIterable<PerplexityResult>;
  bench(request: BenchRequest): AsyncIterable<BenchRow>;
  profile(phase: 'prefill' | 'decode'): Promise<KernelTiming[]>;
  roofline(): Promise<Roofline>;
  /** One item. */
  loadAdapter(request: AdapterRequest): AsyncIterable<LoraInfo>;
  unloadAdapter(id: string): Promise<void>;
  info(): EngineInfo;
  unload(): Promise<void>;
  /** The cache; see api/models.ts. No model need be loaded. */
  listModels(): Promise<CachedModel[]>;
  storageUsage(): Promise<StorageUsage | undefined>;
  planModel(request: LoadRequest): AsyncIterable<News<LoadPlan>>;
  downloadModel(request: LoadRequest): AsyncIterable<News<CachedModel>>;
  deleteModel(id: string): Promise<void>;
  verifyModel(id: string): AsyncIterable<News<VerifyReport>>;
  exportFile(id: string, file: string): AsyncIterable<Uint8Array>;
}

/** Comlink's view of it from the page. */
export type RemoteHost = {
  [Name in keyof HostApi]: (
    ...args: Parameters<HostApi[Name]>
  ) => Promise<Awaited<ReturnType<HostApi[Name]>>>;
};

/** The first message to a worker or a port, with a port of the client's own. */
export interface ConnectMessage {
  type: 'quern-connect';
  /** Also the name of the Web Lock that the client holds while it lives, where there are Web Locks. */
  client: string;
  port: MessagePort;
}

export function isConnectMessage(value: unknown): value is ConnectMessage {
  return typeof value === 'object' && value !== null && (value as ConnectMessage).type === 'quern-connect';
}
