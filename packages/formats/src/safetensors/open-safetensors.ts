// A Hugging Face folder -> one ModelFile: config.json translated, the tensors of all shards by the names that
// the files have. With an index (model.safetensors.index.json) its shards count and no other file.

import type { TensorInfo } from '@quern/dtypes';
import { QuernError, throwIfAborted, type ByteSource } from '@quern/spec';
import type { ModelFile, UnsupportedTensor } from '../model-file.ts';
import { translateConfig } from './config-metadata.ts';
import { fileName, FolderFiles, isJson } from './folder-files.ts';
import { readHeader } from './header.ts';
import { replacePieces } from './packed-weights.ts';
import { findQuantization } from './quantization.ts';
import { readTextFiles } from './text-files.ts';

const INDEX = 'model.safetensors.index.json';

/**
 * Opens a model given as the files of its folder, in any order. Reads config and headers only.
 * Throws 'corrupt-file' for what is not sound, 'invalid-request' for files that are missing, 'aborted', and
 * what the sources throw.
 */
export async function openSafetensors(
  sources: readonly ByteSource[],
  signal?: AbortSignal,
): Promise<ModelFile> {
  throwIfAborted(signal);
  const files = new FolderFiles(sources);
  const json = await files.json('config.json', signal);
  if (json === undefined && files.get('adapter_config.json')) {
    throw new QuernError(
      'invalid-request',
      'these are the files of a LoRA adapter, which adds to a model; load the model, then the adapter (--lora)',
    );
  }
  if (json === undefined) {
    throw new QuernError(
      'invalid-request',
      `${sources[0]?.name ?? 'the model'}: safetensors need their config.json; give the folder or all of its files`,
    );
  }
  const config = translateConfig(json);
  const packing = findQuantization(json, await files.json('quantize_config.json', signal));
  const { weights, listed } = await chooseWeights(sources, files, signal);
  const headers = await Promise.all(weights.map((source, file) => readHeader(source, file, signal)));
  const tensors = new Map<string, TensorInfo>();
  const unsupported = new Map<string, UnsupportedTensor>();
  headers.forEach((header, file) => {
    const place = <T extends { readonly name: string }>(map: Map<string, T>, tensor: T) => {
      if (tensors.has(tensor.name) || unsupported.has(tensor.name)) {
        throw corrupt(weights[file]!, `tensor ${JSON.stringify(tensor.name)} appears in two files`);
      }
      map.set(tensor.name, tensor);
    };
    for (const tensor of header.tensors) place(tensors, tensor);
    for (const tensor of header.unsupported) place(unsupported, tensor);
  });
  for (const [name, shard] of listed) {
    const file = (tensors.get(name) ?? unsupported.get(name))?.file;
    if (file === undefined || fileName(weights[file]!) !== shard) {
      throw new QuernError(
        'corrupt-file',
        `${INDEX} puts tensor ${JSON.stringify(name)} in ${shard}, which lacks it`,
      );
    }
  }
  const refused = packing.refused ?? config.refused;
  if (packing.refused === undefined) replacePieces({ tensors, unsupported }, packing.quantization);
  if (config.tied) tensors.delete('lm_head.weight');
  return {
    format: 'safetensors',
    architecture: config.architecture,
    metadata: config.metadata,
    tensors,
    unsupported,
    sources: weights,
    vectors: config.vectors,
    ...(refused !== undefined && { refused }),
    readText: (textSignal) => readTextFiles(files, json, textSignal),
  };
}

/** The files of weights in the order of their names, and what an index says of them. */
async function chooseWeights(
  sources: readonly ByteSource[],
  files: FolderFiles,
  signal: AbortSignal | undefined,
): Promise<{ weights: ByteSource[]; listed: Array<[name: string, shard: string]> }> {
  const index = await files.json(INDEX, signal);
  if (index === undefined) {
    const named = sources.filter(({ name }) => /\.safetensors$/i.test(name));
    const plain = named.filter((source) => !/^consolidated\b/i.test(fileName(source)));
    const unnamed = sources.filter(({ name }) => !/\.(json|jinja|txt|model)$/i.test(name));
    const weights = plain.length > 0 ? plain : named.length > 0 ? named : unnamed;
    if (weights.length === 0) throw new QuernError('invalid-request', 'no safetensors file was given');
    return { weights: weights.sort((a, b) => (fileName(a) < fileName(b) ? -1 : 1)), listed: [] };
  }
  const map = isJson(index['weight_map']) ? Object.entries(index['weight_map']) : [];
  const listed = map.filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  if (listed.length === 0 || listed.length < map.length) {
    throw new QuernError('corrupt-file', `${INDEX} has no weight_map of tensors to files`);
  }
  const shards = [...new Set(listed.map(([, shard]) => shard))].sort();
  const missing = shards.filter((shard) => files.get(shard) === undefined);
  if (missing.length > 0) {
    throw new QuernError(
      'invalid-request',
      `${INDEX} names ${shards.length} files, of which ${missing.length} were not given: ${missing.slice(0, 5).join(', ')}`,
    );
  }
  return { weights: shards.map((shard) => files.get(shard)!), listed };
}

function corrupt(source: ByteSource, message: string): QuernError {
  return new QuernError('corrupt-file', `${source.name}: ${message}`);
}
