// The types that both doors, for pages and for Node, hand out.

export type { AdapterOptions, CreateChatCompletion, CreateCompletion, Engine } from './api/engine.ts';
export type { LoadHooks } from './api/load-hooks.ts';
export type { DownloadOptions, Models, PlanOptions, VerifyOptions } from './api/models.ts';
export type * from './openai/chat-types.ts';
export type * from './openai/completion-types.ts';
export type { RequestOptions, SharedParams } from './openai/shared-params.ts';
export type { CompletionUsage } from './openai/usage.ts';
export type { FileRef, MakeRoom, ModelRef } from './wire/host-api.ts';
export type {
  AdapterInfo,
  BenchRequest,
  BenchRow,
  CachedFile,
  CachedModel,
  EngineInfo,
  FinishReason,
  KernelTiming,
  KvType,
  LoadPhase,
  LoadPlan,
  LoadTimings,
  LoraChoice,
  LoraInfo,
  MemoryInfo,
  Numerics,
  PerplexityResult,
  PlannedFile,
  PlanProblem,
  Progress,
  Roofline,
  StorageUsage,
  Timings,
  VariantChoice,
  VerifyReport,
} from '@quern/spec';
