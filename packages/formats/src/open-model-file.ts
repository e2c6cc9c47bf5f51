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
  const weights = sources.filter(({ name }) => !BESIDE_WEIGHTS.test(name));
  const [first] = weights;
  if (!first || /\.gguf$/i.test(first.name)) return openGguf(weights, signal);
  const safetensors =
    /\.safetensors$/i.test(first.name) || (await sniffFormat(first, signal)) === 'safetensors';
  if (!safetensors) return openGguf(weights, signal);
  const { openSafetensors } = await import('./folders.ts');
  return openSafetensors(sources, signal);
}
