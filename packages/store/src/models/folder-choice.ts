// The one model (or adapter) of a folder on somebody's disk, by the names in it.
import { QuernError } from '@quern/spec';
import { ggufModels } from './quant-choice.ts';
import { safetensorsModel } from './safetensors-choice.ts';

/**
 * A folder is not a repository: what lies there was put there on purpose, so none of several is preferred.
 * `where` is for messages. Throws 'not-found' for none, 'invalid-request' for several.
 */
export function chooseInFolder(names: readonly string[], where: string): string[] {
  const models = ggufModels(names);
  if (models.length > 1) {
    const list = models.map((model) => model.paths[0]).join(', ');
    throw new QuernError('invalid-request', `${where} holds several models; name one file: ${list}`);
  }
  const found = models[0]?.paths ?? safetensorsModel(names, where);
  if (found) return found;
  throw new QuernError(
    'not-found',
    `${where} holds no whole model in GGUF or safetensors (${names.length} entries)`,
  );
}

/** What a file is called in messages: a safetensors model after its folder, as all of them are model.safetensors. */
export function nameInFolder(folder: string, name: string): string {
  return /\.gguf$/i.test(name) ? name : `${folder}/${name}`;
}
