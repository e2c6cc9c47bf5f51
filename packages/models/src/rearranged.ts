// Tensors of checkpoints whose values stand in another order than GGUF has them, given out by rows as they are
// wanted. F32, F16 and BF16 only, as checkpoints have them.

import type { TensorInfo } from '@quern/dtypes';
import { ColumnReader, type HeldColumns } from '@quern/formats';
import { type ByteSource, QuernError } from '@quern/spec';

/** A matrix stored [cols, rows] as [rows, cols] (GPT-2's Conv1D). Throws 'corrupt-file' for what is no matrix. */
export function transposed(info: TensorInfo): TensorInfo {
  const [inner, outer] = info.shape as [number, number];
  if (info.shape.length !== 2) throw unfit(info, 'is no matrix');
  return { ...turned(info, [1, inner, outer], elementBytes(info)), shape: [outer, inner] };
}

/**
 * Experts stored by inputs, [experts, cols, rows] (Llama 4, gpt-oss in BF16), as [experts, rows, cols].
 * Throws 'unsupported-dtype' for blocks, which cannot be turned.
 */
export function transposedExperts(info: TensorInfo): TensorInfo {
  const [experts, cols, rows] = info.shape as [number, number, number];
  const { name, dtype } = info;
  if (dtype.blockSize !== 1) {
    throw new QuernError(
      'unsupported-dtype',
      `Tensor '${name}' holds the columns of experts as ${dtype.name}; F32, F16 and BF16 can be turned into rows.`,
    );
  }
  return { ...turned(info, [experts, cols, rows], dtype.blockBytes), shape: [experts, rows, cols] };
}

/** Matrices stored [inner, outer] one after the other, given out as rows of `inner` values of `size` bytes. */
function turned(
  info: TensorInfo,
  [count, inner, outer]: readonly [count: number, inner: number, outer: number],
  size: number,
): TensorInfo {
  const { file, offset } = info;
  return {
    ...info,
    packed: {
      ordered: false,
      smallBytes: 0,
      async assemble(sources, most, signal) {
        const matrix = { file, offset, rows: inner, rowBytes: outer * size };
        const reader = new ColumnReader(matrix, sources, most, signal);
        return {
          async rows(firstRow, wanted) {
            const out = new Uint8Array(wanted * inner * size);
            const end = firstRow + wanted;
            for (let row = firstRow; row < end;) {
              const index = Math.floor(row / outer);
              const until = Math.min(end, (index + 1) * outer);
              const from = row - index * outer;
              // Reading begins at a word.
              const [a, b] = [(from * size) & ~3, (from + until - row) * size];
              const held = await reader.columns(a, b, offset + index * inner * outer * size);
              const strip = out.subarray((row - firstRow) * inner * size, (until - firstRow) * inner * size);
              turn(held, from * size, strip, [until - row, inner, size]);
              row = until;
            }
            if (count * outer < end) throw unfit(info, `has no row ${end - 1}`);
            return out;
          },
        };
      },
    },
  };
}

/** Columns from byte `from` on become `rows` rows of `cols` values. */
function turn(
  { bytes, stride, first }: HeldColumns,
  from: number,
  out: Uint8Array,
  [rows, cols, size]: readonly [rows: number, cols: number, size: number],
): void {
  for (let c = 0; c < cols; c++) {
    const at = c * stride + from - first;
    for (let r = 0; r < rows; r++) {
      for (let b = 0; b < size; b++) out[(r * cols + c) * size + b] = bytes[at + r * size + b]!;
    }
  }
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
      smallBytes: 0,
      async assemble(sources, most, signal) {
        const whole = info.byteLength <= most ? await readWhole(info, sources, signal) : undefined;
        const read = (row: number, count: number) =>
          whole?.subarray(row * rowBytes, (row + count) * rowBytes) ??
          readRows(info, row, count, rowBytes, sources, signal);
        return {
          async rows(firstRow, count) {
            // A vector is one row.
            const [first, many] = info.shape.length === 1 ? [0, rows] : [firstRow, count];
            const out = new Uint8Array(many * rowBytes);
            // Rows of one head stand together.
            for (let i = 0; i < many;) {
              const run = Math.min(many - i, headDim - ((first + i) % headDim));
              const stored = groupedRow(first + i, { heads, kvHeads, headDim });
              out.set(await read(stored, run), i * rowBytes);
              i += run;
            }
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
      smallBytes: parts.length * first.byteLength,
      async assemble(sources, _most, signal) {
        const all = new Uint8Array(parts.length * first.byteLength);
        for (const [i, part] of parts.entries()) {
          all.set(await readWhole(part, sources, signal), i * first.byteLength);
        }
        return {
          rows: async (firstRow, count) =>
            all.subarray(firstRow * first.byteLength, (firstRow + count) * first.byteLength),
        };
      },
    },
  };
}

function readWhole(
  info: TensorInfo,
  sources: readonly ByteSource[],
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  return readRows(info, 0, 1, info.byteLength, sources, signal);
}

async function readRows(
  info: TensorInfo,
  firstRow: number,
  count: number,
  rowBytes: number,
  sources: readonly ByteSource[],
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const length = count * rowBytes;
  const bytes = await sources[info.file]!.read(info.offset + firstRow * rowBytes, length, signal);
  if (bytes.byteLength !== length) throw unfit(info, 'is cut short by the end of its file');
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
