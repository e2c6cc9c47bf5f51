// What keeps the cache in order: most visits load a model and need none of it, so this module is loaded when it is
// asked for.
export { deleteModel, listModels } from './cached-models.ts';
export { exportFile } from './export-file.ts';
export { verifyModel } from './verify-model.ts';
