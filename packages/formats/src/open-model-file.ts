// The files of a model, whatever they are, in any order -> one ModelFile.

import type { ByteSource } from '@quern/spec';
import { openGguf } from './gguf/open-gguf.ts';
import type { ModelFile } from './model-file.ts';
import { sniffFormat } from './sniff-format.ts';

/** Files of a Hugging Face folder that hold no weights. */
const BESIDE_WEIGHTS = /\.(json|jinja|txt|model)$/i;

/** Throws what openGguf and openSafetensors throw. */
export async function openModelFile(
  sources: readonly ByteSource[],
  signal?: AbortSignal,
): Promise<ModelFile> {
  // Names tell where there are any: a folder holds more than its model.
  const ggufs = sources.filter(({ name }) => /\.gguf$/i.test(name));
  const folder = sources.some(({ name }) => /\.safetensors$/i.test(name));
  if (!folder && ggufs.length > 0) return openGguf(ggufs, signal);
  const weights = sources.filter(({ name }) => !BESIDE_WEIGHTS.test(name));
  const [first] = weights;
  const safetensors = folder || (first !== undefined && (await sniffFormat(first, signal)) === 'safetensors');
  if (!safetensors) return openGguf(weights, signal);
  const { openSafetensors } = await import('./folders.ts');
  return openSafetensors(sources, signal);
}
