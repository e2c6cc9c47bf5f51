// Loads a model onto a GPU and generates from it. Knows nothing of pages, workers or OpenAI's shapes.
export type { ChoiceOptions } from './self-test/variant-choice.ts';
export { loadEngine, type LoadOptions } from './load.ts';
export { planLoad, type PlanOptions } from './plan-load.ts';
export { inspectModel, type ModelReport } from './inspect.ts';
export { measureRoofline } from './roofline.ts';
