// Models: architectures made of blocks made of ops. No tokens, no sampling, no page.
export { loadAdapter, LoraAdapter, recordAdapters } from './adapters.ts';
export type { Architecture, ForwardContext, Model, ModelConfig } from './architecture.ts';
export { findArchitecture } from './architectures/index.ts';
export { WeightRegistry } from './weight-registry.ts';
export { withGgufNames } from './weight-names.ts';
