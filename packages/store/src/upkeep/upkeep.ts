// What keeps the cache in order and checks a download: most visits load a model that is there and need none of it, so
// this module is loaded when it is asked for.
export { deleteModel, listModels, modelOf } from './cached-models.ts';
export { downloadModel } from './download-model.ts';
export { exportFile } from './export-file.ts';
export { makeRoom, noRoom } from './make-room.ts';
export { verifyModel } from './verify-model.ts';
export { WholeHash } from '../reading/whole-hash.ts';
