import type { ByteSource, InferenceEngine, KvType, Progress } from '@quern/spec';

export interface LoadOptions {
  /** The files of one model (several for a split GGUF), in any order. The engine closes them. */
  sources: ByteSource[];
  /** The WebGPU entry point; default: the platform's own. */
  gpu?: GPU;
  /** Default: min(trained length, 4096, what fits). */
  contextLength?: number;
  /** Default 'f16'. */
  kv?: KvType;
  /** Forces kernel variants, axis -> value. */
  variants?: Record<string, string>;
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
}

/** Streams a model's weights to the GPU and makes it ready. Throws QuernError; frees what it took. */
export declare function loadEngine(options: LoadOptions): Promise<InferenceEngine>;
