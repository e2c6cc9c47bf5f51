// Tensors of checkpoints whose values stand in another order than GGUF has them: each is read whole, and given
// out by rows as they are wanted. F32, F16 and BF16 only, as checkpoints have them.

import type { TensorInfo } from '@quern/dtypes';
import { type ByteSource, QuernError } from '@quern/spec';

/** A matrix stored [cols, rows] as [rows, cols] (GPT-2's Conv1D). Throws 'corrupt-file' for what is no matrix. */
export function transposed(info: TensorInfo): TensorInfo {
  const [inner, outer] = info.shape as [number, number];
  if (info.shape.length !== 2) throw unfit(info, 'is no matrix');
  const size = elementBytes(info);
  return {
    ...info,
    shape: [outer, inner],
    packed: {
      ordered: false,
      async assemble(sources, signal) {
        const bytes = await readWhole(info, sources, signal);
        return {
          rows(firstRow, count) {
            const out = new Uint8Array(count * inner * size);
            for (let r = 0; r < count; r++) {
              for (let c = 0; c < inner; c++) {
                const at = (c * outer + firstRow + r) * size;
                for (let b = 0; b < size; b++) out[(r * inner + c) * size + b] = bytes[at + b]!;
              }
            }
            return out;
          },
        };
      },
    },
  };
}

export interface HeadGroups {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** Where row `at` of all queries, all keys, all values stands, if those stand group by group. */
export function groupedRow(at: number, { heads, kvHeads, headDim }: HeadGroups): number {
  const each = heads / kvHeads;
  const head = Math.floor(at / headDim);
  const [group, place] =
    head < heads
      ? [Math.floor(head / each), head % each]
      : head < heads + kvHeads
        ? [head - heads, each]
        : [head - heads - kvHeads, each + 1];
  return (group * (each + 2) + place) * headDim + (at % headDim);
}

/**
 * Queries, keys and values that stand group by group (the queries of a KV head, its key, its value), as all queries,
 * all keys, all values; also their bias. With as many KV heads as heads that is query, key, value of each head.
 * Throws 'corrupt-file' for another number of rows.
 */
export function ungrouped(info: TensorInfo, { heads, kvHeads, headDim }: HeadGroups): TensorInfo {
  const rows = (heads + 2 * kvHeads) * headDim;
  if (info.shape[0] !== rows) throw unfit(info, `has ${info.shape[0]} rows; its heads ask for ${rows}`);
  const rowBytes = (info.shape[1] ?? 1) * elementBytes(info);
  return {
    ...info,
    packed: {
      ordered: false,
      async assemble(sources, signal) {
        const bytes = await readWhole(info, sources, signal);
        const row = (at: number) => {
          const stored = groupedRow(at, { heads, kvHeads, headDim });
          return bytes.subarray(stored * rowBytes, (stored + 1) * rowBytes);
        };
        return {
          rows(firstRow, count) {
            // A vector is one row.
            const [first, many] = info.shape.length === 1 ? [0, rows] : [firstRow, count];
            const out = new Uint8Array(many * rowBytes);
            for (let i = 0; i < many; i++) out.set(row(first + i), i * rowBytes);
            return out;
          },
        };
      },
    },
  };
}

/** Vectors of one length as the rows of a matrix. Throws 'corrupt-file' for others. */
export function stacked(name: string, parts: readonly TensorInfo[]): TensorInfo {
  const [first] = parts as [TensorInfo, ...TensorInfo[]];
  const odd = parts.find(
    ({ shape, dtype }) => shape.length !== 1 || shape[0] !== first.shape[0] || dtype !== first.dtype,
  );
  if (odd) throw unfit(odd, 'differs in type or length from its siblings');
  return {
    ...first,
    name,
    shape: [parts.length, first.shape[0]!],
    byteLength: parts.length * first.byteLength,
    packed: {
      ordered: false,
      async assemble(sources, signal) {
        const all = new Uint8Array(parts.length * first.byteLength);
        for (const [i, part] of parts.entries()) {
          all.set(await readWhole(part, sources, signal), i * first.byteLength);
        }
        return {
          rows: (firstRow, count) =>
            all.subarray(firstRow * first.byteLength, (firstRow + count) * first.byteLength),
        };
      },
    },
  };
}

async function readWhole(
  info: TensorInfo,
  sources: readonly ByteSource[],
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const bytes = await sources[info.file]!.read(info.offset, info.byteLength, signal);
  if (bytes.byteLength !== info.byteLength) throw unfit(info, 'is cut short by the end of its file');
  return bytes;
}

function elementBytes(info: TensorInfo): number {
  const { blockSize, blockBytes } = info.dtype;
  if (blockSize === 1 && !info.packed) return blockBytes;
  throw unfit(info, `is of type ${info.dtype.name}, whose values cannot be moved apart`);
}

function unfit({ name }: TensorInfo, what: string): QuernError {
  return new QuernError('corrupt-file', `Tensor '${name}' ${what}.`);
}
