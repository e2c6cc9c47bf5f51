// What a load will take, told from the header before anything large moves.

import type { KvType, MemoryInfo } from './engine-api.ts';
import type { QuernErrorCode } from './error.ts';
import type { StorageUsage } from './model-cache.ts';

export interface PlannedFile {
  name: string;
  bytes: number;
  /** Of these, in the cache already; all of them for local files. */
  cachedBytes: number;
}

/** Why the model cannot be loaded, with the numbers; `code` is what the load would throw. */
export interface PlanProblem {
  code: QuernErrorCode;
  message: string;
}

export interface LoadPlan {
  model: string;
  format: string;
  architecture: string;
  /** As the file or its repository tells it. */
  license?: string;
  parameters: number;
  /** Tensors of each block type. */
  tensorTypes: Record<string, number>;
  files: PlannedFile[];
  /** Of all files. */
  bytes: number;
  cachedBytes: number;
  /** Still to come over the network. */
  downloadBytes: number;
  /** What will be used: as asked, else the longest that fits (at most 4096), and the type of keys and values. */
  contextLength: number;
  trainedContextLength: number;
  kv: KvType;
  /** On the GPU: what `info().memory` tells right after the load. */
  memory: MemoryInfo;
  /** Of the adapter it was planned for; undefined where there is none (`quern inspect`). */
  limits?: { maxBufferSize: number; maxStorageBufferBindingSize: number };
  /** Of the origin; undefined where the platform tells nothing. */
  storage?: StorageUsage;
  /** False: loads, but will not be kept, as the quota has no room for it. */
  fitsStorage: boolean;
  /** Empty: it will load. */
  problems: PlanProblem[];
}
