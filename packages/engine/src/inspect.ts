import type { ByteSource, KvType } from '@quern/spec';

/** What a model file says of itself and what it will need; from its header alone. */
export interface ModelReport {
  format: string;
  architecture: string;
  supported: boolean;
  metadata: Record<string, unknown>;
  /** Tensors, elements and bytes by block type. */
  tensors: Record<string, { count: number; elements: number; bytes: number }>;
  parameters: number;
  contextLength: number;
  trainedContextLength: number;
  /** Bytes. */
  memory: { file: number; weights: number; kv: number };
}

export declare function inspectModel(
  sources: ByteSource[],
  options?: { contextLength?: number; kv?: KvType; signal?: AbortSignal },
): Promise<ModelReport>;
