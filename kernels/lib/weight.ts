// A weight matrix on the GPU: rows of repacked blocks, [rows, cols] with y = x Wᵀ. Several matrices of
// one type may share a weight, one below the other (Q, K and V; gate and up). A weight whose streams
// exceed what the adapter binds at once lies in several parts, each a range of rows.

import type { DType } from '@quern/dtypes';
import { type Arena, type Caps, type Region, STORAGE_BUFFER, type Uploader } from '@quern/gpu';
import { assert, QuernError } from '@quern/spec';

export interface WeightPart {
  readonly buffer: GPUBuffer;
  readonly firstRow: number;
  readonly rows: number;
  /**
   * Bytes of the buffer, which may have other weights in it; a type without scales has its quants there again. The scales begin
   * with the type's codebook, if it has one.
   */
  readonly quants: Region;
  readonly scales: Region;
}

export interface Weight {
  readonly name: string;
  readonly dtype: DType;
  readonly rows: number;
  readonly cols: number;
  /** Stride of a row in the quants stream, in 16-byte units, and in the scales stream, in words. */
  readonly quantsStride: number;
  readonly scalesStride: number;
  readonly parts: readonly WeightPart[];
  /** Bytes on the GPU. */
  readonly byteLength: number;
}

const REGION = 256; // minStorageBufferOffsetAlignment's default

function strides(dtype: DType, cols: number) {
  if (cols % dtype.blockSize !== 0 || cols % 4 !== 0) {
    throw new QuernError(
      'unsupported-dtype',
      `Rows of ${cols} values do not divide into ${dtype.name} blocks of ${Math.max(4, dtype.blockSize)}.`,
    );
  }
  const blocks = cols / dtype.blockSize;
  return {
    quantsStride: Math.ceil((blocks * dtype.qBytes) / 16),
    scalesStride: Math.ceil((blocks * dtype.sBytes) / 4),
  };
}

/** Bytes of rows on the GPU, without the alignment of their regions. */
export function weightBytes(dtype: DType, rows: number, cols: number): number {
  const { quantsStride, scalesStride } = strides(dtype, cols);
  return rows * (quantsStride * 16 + scalesStride * 4) + codebookBytes(dtype);
}

function codebookBytes(dtype: DType): number {
  return dtype.codebook?.byteLength ?? 0;
}

/** True if the weight needs no more than one part. */
export function fitsOnePart(caps: Caps, dtype: DType, rows: number, cols: number): boolean {
  return rows <= rowsPerPart(caps, dtype, cols);
}

function rowsPerPart(caps: Caps, dtype: DType, cols: number): number {
  const { quantsStride, scalesStride } = strides(dtype, cols);
  const { maxStorageBufferBindingSize: binding, maxBufferSize } = caps.limits;
  const [quantsRow, scalesRow] = [quantsStride * 16, scalesStride * 4];
  const byQuants = Math.floor(binding / quantsRow);
  const byScales = scalesRow === 0 ? Infinity : Math.floor((binding - codebookBytes(dtype)) / scalesRow);
  const byBuffer = Math.floor((maxBufferSize - codebookBytes(dtype) - 2 * REGION) / (quantsRow + scalesRow));
  return Math.min(byQuants, byScales, byBuffer);
}

/** What an adapter holds of one tensor, as a sentence's end. */
export function roomOf({ limits: { maxStorageBufferBindingSize, maxBufferSize } }: Caps): string {
  return `this adapter binds ${maxStorageBufferBindingSize} bytes and has buffers of ${maxBufferSize}`;
}

/**
 * Allocates a weight; its rows are written by `writeRows`. Parts are cut at multiples of `together` rows: 8 keep the
 * rows that one thread owns in one part. Parts lie in `arena`, or without one in a buffer each. Throws 'unsupported-dtype' for odd row lengths, 'webgpu-unavailable' where
 * not even so many rows are bound at once.
 */
export function createWeight(
  device: GPUDevice,
  caps: Caps,
  name: string,
  dtype: DType,
  rows: number,
  cols: number,
  together = 8,
  arena?: Arena,
): Weight {
  const { quantsStride, scalesStride } = strides(dtype, cols);
  const most = Math.floor(rowsPerPart(caps, dtype, cols) / together) * together;
  if (most < 1) {
    throw new QuernError(
      'webgpu-unavailable',
      `${name}: ${together} rows of ${cols} ${dtype.name} values take ${weightBytes(dtype, together, cols)} bytes; ${roomOf(caps)}.`,
    );
  }
  const parts: WeightPart[] = [];
  let byteLength = 0;
  for (let firstRow = 0; firstRow < rows; firstRow += most) {
    const count = Math.min(most, rows - firstRow);
    const quantsSize = count * quantsStride * 16;
    const scalesSize = codebookBytes(dtype) + count * scalesStride * 4;
    const scalesOffset = Math.ceil(quantsSize / REGION) * REGION;
    const size = scalesOffset + Math.ceil(scalesSize / 16) * 16;
    const { buffer, offset } = arena?.take(name, size) ?? {
      buffer: device.createBuffer({ label: name, size, usage: STORAGE_BUFFER }),
      offset: 0,
    };
    const quants = { buffer, offset, size: quantsSize };
    const scales = scalesSize === 0 ? quants : { buffer, offset: offset + scalesOffset, size: scalesSize };
    if (dtype.codebook) device.queue.writeBuffer(buffer, scales.offset, dtype.codebook.slice());
    parts.push({ buffer, firstRow, rows: count, quants, scales });
    byteLength += size;
  }
  return { name, dtype, rows, cols, quantsStride, scalesStride, parts, byteLength };
}

/**
 * Repacks whole rows as they stand in the file and queues their upload.
 * `bytes` holds `count` rows; they become rows `firstRow ..` of the weight. `stored` is the type of the bytes
 * where it is not the weight's own: one that fills the same streams, or one of them.
 */
export function writeRows(
  upload: Uploader,
  weight: Weight,
  firstRow: number,
  count: number,
  bytes: Uint8Array,
  stored: DType = weight.dtype,
): void {
  const { dtype, cols } = weight;
  const blocks = cols / dtype.blockSize;
  assert(
    bytes.byteLength === count * blocks * stored.blockBytes,
    `${weight.name}: wrong byte count for ${count} rows`,
  );
  const quantsRow = weight.quantsStride * 16;
  const scalesRow = weight.scalesStride * 4;
  const memory = (slot: number, length: number) => upload.scratch?.(slot, length) ?? new Uint8Array(length);
  const quants = memory(0, stored.qBytes > 0 ? count * quantsRow : 0);
  const scales = memory(1, stored.sBytes > 0 ? count * scalesRow : 0);
  const dense = blocks * dtype.qBytes === quantsRow && blocks * dtype.sBytes === scalesRow;
  if (dense) {
    stored.repack(bytes, count * blocks, quants, scales);
  } else {
    const rowBytes = blocks * stored.blockBytes;
    for (let row = 0; row < count; row++) {
      stored.repack(
        bytes.subarray(row * rowBytes, (row + 1) * rowBytes),
        blocks,
        quants.subarray(row * quantsRow, (row + 1) * quantsRow),
        scales.subarray(row * scalesRow, (row + 1) * scalesRow),
      );
    }
  }
  for (const part of weight.parts) {
    const from = Math.max(firstRow, part.firstRow);
    const to = Math.min(firstRow + count, part.firstRow + part.rows);
    if (from >= to) continue;
    const at = from - part.firstRow;
    const quantsSlice = quants.subarray((from - firstRow) * quantsRow, (to - firstRow) * quantsRow);
    if (stored.qBytes > 0) upload.writeBuffer(part.buffer, part.quants.offset + at * quantsRow, quantsSlice);
    if (stored.sBytes > 0) {
      const scalesSlice = scales.subarray((from - firstRow) * scalesRow, (to - firstRow) * scalesRow);
      const scalesAt = part.scales.offset + codebookBytes(dtype) + at * scalesRow;
      upload.writeBuffer(part.buffer, scalesAt, scalesSlice);
    }
  }
}

/** With all that shares its buffers. */
export function destroyWeight(weight: Weight): void {
  for (const part of weight.parts) part.buffer.destroy();
}
