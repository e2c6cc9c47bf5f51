// The door for pages. Small: it starts the worker and shapes requests and answers; the engine itself is
// in the worker.

export { createEngine, type CreateEngineOptions } from './client/create-engine.ts';
export { openModels, type OpenModelsOptions } from './client/open-models.ts';
export * from './exported-types.ts';
export { QuernError, type QuernErrorCode } from '@quern/spec';
