// The one door to Quern for both pages: what they use of the public package, by name.
export { createEngine, openModels, QuernError } from 'quern';
export type {
  BenchRow,
  CachedModel,
  ChatMessageParam,
  Engine,
  EngineInfo,
  KernelTiming,
  LoadPlan,
  ModelRef,
  Models,
  Numerics,
  Progress,
  Roofline,
  StorageUsage,
  Timings,
} from 'quern';
