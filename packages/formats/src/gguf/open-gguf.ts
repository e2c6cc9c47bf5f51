// GGUF files -> one ModelFile. A split model is several files that each hold some of the tensors; the
// first (split.no 0) also holds the metadata (llama.cpp's gguf-split).

import type { TensorInfo } from '@quern/dtypes';
import { QuernError, throwIfAborted, type ByteSource } from '@quern/spec';
import { getCount, getString } from '../metadata.ts';
import type { ModelFile, UnsupportedTensor } from '../model-file.ts';
import { readHeader, type GgufHeader } from './header.ts';
import { placeTensors } from './tensor-placement.ts';

interface GgufPart {
  readonly source: ByteSource;
  readonly header: GgufHeader;
}

/**
 * Opens a GGUF model, given as one file or as all files of a split one in any order. Reads headers only.
 * Throws 'corrupt-file' for anything that is not a whole and sound GGUF 2 or 3, 'invalid-request' for no
 * sources, 'aborted', and what the sources throw. Tensors of types that cannot be decoded are listed in
 * `unsupported` and refused when they are asked for.
 */
export async function openGguf(sources: readonly ByteSource[], signal?: AbortSignal): Promise<ModelFile> {
  throwIfAborted(signal);
  if (sources.length === 0) throw new QuernError('invalid-request', 'no model file was given');
  const parts = orderParts(
    await Promise.all(sources.map(async (source) => ({ source, header: await readHeader(source, signal) }))),
  );
  const tensors = new Map<string, TensorInfo>();
  const unsupported = new Map<string, UnsupportedTensor>();
  parts.forEach(({ source, header }, file) => {
    const placed = placeTensors(source, header, file);
    for (const tensor of [...placed.tensors, ...placed.unsupported]) {
      if (!tensors.has(tensor.name) && !unsupported.has(tensor.name)) {
        if ('dtype' in tensor) tensors.set(tensor.name, tensor);
        else unsupported.set(tensor.name, tensor);
        continue;
      }
      throw corrupt(source, `tensor ${JSON.stringify(tensor.name)} appears twice`);
    }
  });
  const { source, header } = parts[0]!;
  const expected = getCount(header.metadata, 'split.tensors.count', undefined);
  const found = tensors.size + unsupported.size;
  if (expected !== undefined && expected !== found) {
    throw corrupt(source, `split.tensors.count is ${expected}, but the files hold ${found} tensors`);
  }
  return {
    format: 'gguf',
    architecture: getString(header.metadata, 'general.architecture'),
    metadata: header.metadata,
    tensors,
    unsupported,
    sources: parts.map((part) => part.source),
  };
}

/** Checks that the parts are one whole model and sorts them by split.no. */
function orderParts(parts: readonly GgufPart[]): readonly GgufPart[] {
  const first = parts[0]!;
  if (parts.length === 1 && getCount(first.header.metadata, 'split.count', 1) <= 1) return parts;
  const ordered: GgufPart[] = [];
  for (const part of parts) {
    const { metadata } = part.header;
    const count = getCount(metadata, 'split.count', 1);
    const number = getCount(metadata, 'split.no', 0);
    if (count <= 1) {
      throw corrupt(part.source, `it is not part of a split model, but ${parts.length} files were given`);
    }
    if (count !== parts.length) {
      throw corrupt(
        part.source,
        `it is part ${number + 1} of ${count}, but ${parts.length} ${parts.length === 1 ? 'file was' : 'files were'} ` +
          'given; give all parts of the model',
      );
    }
    if (number >= count) throw corrupt(part.source, `split.no is ${number} of ${count}`);
    const twin = ordered[number];
    if (twin !== undefined) {
      throw corrupt(part.source, `it is part ${number + 1} of ${count}, and so is ${twin.source.name}`);
    }
    ordered[number] = part;
  }
  return ordered;
}

function corrupt(source: ByteSource, message: string): QuernError {
  return new QuernError('corrupt-file', `${source.name}: ${message}`);
}
