// Where the rows of experts go as they stream in: dealt out to the experts, sorted where gate and up take turns.

import type { TensorInfo } from '@quern/dtypes';
import type { Tensor, Uploader } from '@quern/gpu';
import { type ExpertWeight, writeExpertRows } from '@quern/kernels';
import type { ExpertLayout } from './experts.ts';
import type { RowSink } from './weight-registry.ts';

/** Rows of experts from `firstExpert` on, `rows` of each, which lie at row `at` of the expert. */
export function expertSink(
  upload: Uploader,
  weight: ExpertWeight,
  { dtype }: TensorInfo,
  { firstExpert, rows, at }: { firstExpert: number; rows: number; at: number },
  { interleaved = false }: ExpertLayout,
): RowSink {
  return (first, count, bytes) => {
    const place = { first: firstExpert * rows + first, count, rowsEach: rows, at, interleaved };
    writeExpertRows(upload, weight, place, bytes, dtype);
  };
}

/** A row for each expert, at `at` of its row of `stride` values. */
export function expertBiasSink(
  upload: Uploader,
  tensor: Tensor,
  { dtype, shape }: TensorInfo,
  { stride, at }: { stride: number; at: number },
  { interleaved = false }: ExpertLayout,
): RowSink {
  const length = shape.at(-1)!;
  return (firstRow, count, bytes) => {
    const values = new Float32Array(count * length);
    dtype.decode(bytes, values.length / dtype.blockSize, values);
    const { buffer, offset } = tensor.place!;
    for (let i = 0; i < count; i++) {
      const to = (firstRow + i) * stride + at;
      const row = values.subarray(i * length, (i + 1) * length);
      upload.writeBuffer(buffer, offset + to * 4, interleaved ? evenFirst(row) : row);
    }
  };
}

/** Rows 0, 2, 4 ... and then 1, 3, 5 ... */
function evenFirst(values: Float32Array): Float32Array<ArrayBuffer> {
  const half = values.length / 2;
  return Float32Array.from({ length: values.length }, (_, i) =>
    i < half ? values[2 * i]! : values[2 * (i - half) + 1]!,
  );
}
