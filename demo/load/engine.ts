// The one door to Quern for both pages: what they use of the public package, by name.
export { createEngine, QuernError } from 'quern';
export type {
  BenchRow,
  ChatMessageParam,
  Engine,
  EngineInfo,
  KernelTiming,
  Progress,
  Roofline,
  Timings,
} from 'quern';
