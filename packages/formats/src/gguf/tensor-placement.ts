// Where the tensors of one GGUF file lie: every claim of its entries is checked against block sizes, the
// alignment, the file's length and the other tensors.

import { dtypeById, ggufTypeName, type TensorInfo } from '@quern/dtypes';
import { QuernError, type ByteSource } from '@quern/spec';
import { getCount } from '../metadata.ts';
import type { UnsupportedTensor } from '../model-file.ts';
import type { GgufHeader, TensorEntry } from './header.ts';

const DEFAULT_ALIGNMENT = 32;

export interface PlacedTensors {
  readonly tensors: readonly TensorInfo[];
  readonly unsupported: readonly UnsupportedTensor[];
}

/** Places the tensors of file number `file`. Throws 'corrupt-file' naming the tensor. */
export function placeTensors(source: ByteSource, header: GgufHeader, file: number): PlacedTensors {
  const alignment = getCount(header.metadata, 'general.alignment', DEFAULT_ALIGNMENT);
  if (alignment === 0 || 2 ** Math.round(Math.log2(alignment)) !== alignment) {
    throw new QuernError(
      'corrupt-file',
      `${source.name}: general.alignment is ${alignment}; it must be a power of two`,
    );
  }
  const dataStart = Math.ceil(header.byteLength / alignment) * alignment;
  const tensors: TensorInfo[] = [];
  const unsupported: UnsupportedTensor[] = [];
  for (const entry of header.tensors) {
    const { name, shape, typeId } = entry;
    if (entry.offset % alignment !== 0) {
      throw corrupt(source, name, `offset ${entry.offset} is not a multiple of the alignment ${alignment}`);
    }
    const offset = dataStart + entry.offset;
    const dtype = dtypeById(typeId);
    // Of an unknown type the length is unknown too; that it starts within the file can be checked.
    const byteLength = dtype === undefined ? 0 : storedBytes(source, entry, dtype);
    if (offset + byteLength > source.byteLength) {
      throw corrupt(
        source,
        name,
        `it ends at byte ${offset + byteLength}, but the file has ${source.byteLength}; its download is incomplete`,
      );
    }
    if (dtype !== undefined) tensors.push({ name, dtype, shape, file, offset, byteLength });
    else unsupported.push({ name, typeId, typeName: ggufTypeName(typeId), shape, file, offset });
  }
  refuseOverlaps(source, tensors, unsupported);
  return { tensors, unsupported };
}

function storedBytes(source: ByteSource, entry: TensorEntry, dtype: TensorInfo['dtype']): number {
  const columns = entry.shape.at(-1) ?? 1;
  if (columns % dtype.blockSize !== 0) {
    throw corrupt(
      source,
      entry.name,
      `rows of ${columns} elements do not divide into ${dtype.name} blocks of ${dtype.blockSize}`,
    );
  }
  return (entry.elements / dtype.blockSize) * dtype.blockBytes;
}

/** Two tensors over the same bytes: no writer makes that, so one of the entries is wrong. */
function refuseOverlaps(
  source: ByteSource,
  tensors: readonly TensorInfo[],
  unsupported: readonly UnsupportedTensor[],
): void {
  const spans = [
    ...tensors.map(({ name, offset, byteLength }) => ({ name, offset, end: offset + byteLength })),
    ...unsupported.map(({ name, offset }) => ({ name, offset, end: offset })),
  ].sort((a, b) => a.offset - b.offset || a.end - b.end);
  for (let i = 1; i < spans.length; i++) {
    const before = spans[i - 1]!;
    const span = spans[i]!;
    if (span.offset < before.end) {
      throw corrupt(
        source,
        span.name,
        `it starts at byte ${span.offset}, inside '${before.name}', which ends at byte ${before.end}`,
      );
    }
  }
}

function corrupt(source: ByteSource, tensor: string, message: string): QuernError {
  return new QuernError('corrupt-file', `${source.name}, tensor ${JSON.stringify(tensor)}: ${message}`);
}
