// Words that cross rooms: types and QuernError.
export * from './byte-source.ts';
export * from './engine-api.ts';
export * from './error.ts';
export * from './load-plan.ts';
export * from './messages.ts';
export * from './model-cache.ts';
export * from './progress.ts';
export * from './sampling.ts';
export * from './stream-part.ts';
