// What a model is called where its file does not say.

import { getString, type ModelFile } from '@quern/formats';

/** `general.name`, else the folder of its weights, else their file. */
export function modelName({ metadata, sources }: ModelFile): string {
  const path = sources[0]!.name.split('/');
  return getString(metadata, 'general.name', path.at(-2) ?? path.at(-1)!);
}
