// Loads a model onto a GPU and generates from it. Knows nothing of pages, workers or OpenAI's shapes.
export * from './load.ts';
export * from './inspect.ts';
