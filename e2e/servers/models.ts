// The models of the tests: the real one from the cache, and the tiny one with seeded random weights.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MODELS, ROOT } from '../../scripts/setup/paths.js';

/** Served by the pages' own server from the model cache. */
export const SMOLLM2 = '/models/SmolLM2-135M-Instruct.Q4_1.gguf';

/** The same file on the disk. */
export const SMOLLM2_FILE = join(MODELS, 'SmolLM2-135M-Instruct.Q4_1.gguf');

/** A Llama of 4 layers and 640 words, 0.6 MB: loads at once and babbles. It has no chat template. */
export const TINY = join(ROOT, 'e2e', 'conformance', 'arch-llama', 'model.gguf');

export async function readTiny(): Promise<Uint8Array> {
  return new Uint8Array(await readFile(TINY));
}

/** A copy with the first occurrence of one text overwritten by another of the same length. */
export function replaceText(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const at = Buffer.from(bytes).indexOf(from);
  if (at < 0 || from.length !== to.length) throw new Error(`cannot put ${to} in place of ${from}`);
  const copy = bytes.slice();
  copy.set(Buffer.from(to), at);
  return copy;
}

/** A folder '/onnx-model' as the hub has them, around the graph of tiny-onnx/make.py. */
export async function readTinyOnnx(): Promise<Map<string, Uint8Array>> {
  const here = join(ROOT, 'e2e', 'servers', 'tiny-onnx');
  const words = join(ROOT, 'e2e', 'conformance', 'arch-llama');
  const paths: Record<string, string> = {
    'config.json': join(here, 'config.json'),
    'onnx/model.onnx': join(here, 'onnx', 'model.onnx'),
    'tokenizer.json': join(words, 'tokenizer.json'),
    'tokenizer_config.json': join(words, 'tokenizer_config.json'),
  };
  const files = new Map<string, Uint8Array>();
  for (const [name, path] of Object.entries(paths))
    files.set(`/onnx-model/${name}`, new Uint8Array(await readFile(path)));
  return files;
}
