// Random weights in their packed form, and rows to multiply them by. The weight repeats its first rows and x its first
// rows times a power of two, so that every product is known though few are computed here.

import type { DType } from '@quern/dtypes';
import type { Gpu, Place, Tensor } from '@quern/gpu';
import type { Weight } from '@quern/kernels';
import { matmulRef, randomF32, randomRows } from '@quern/kernels/twins';
import { tensorOf } from './known-tensors.ts';
import type { Tools } from './tools.ts';

/** Rows of the weight until it repeats: a prime, so that rows mixed up at any stride of a kernel differ. */
const PERIOD = 61;
/** Rows of x until they repeat. */
const ROWS = 4;
/** A weight has at most so many values. */
const VALUES = { software: 1 << 16, gpu: 1 << 23 };

/** How many of `rows` rows of `cols` values a trial takes. */
export function rowsTried({ caps }: Gpu, rows: number, cols: number): number {
  const most = Math.floor(VALUES[caps.software ? 'software' : 'gpu'] / cols);
  return Math.min(rows, Math.max(64, most));
}

export interface RepeatingMatrix {
  /** [count, cols] f32, and its values. */
  readonly x: Tensor & { readonly place: Place };
  readonly values: Float32Array;
  /** Rows of the weight until it repeats, and these decoded. */
  readonly period: number;
  weights(): Float32Array;
  /** Row `row` of x times row `output` of the weight. */
  product(row: number, output: number): number;
}

/** Fills `weight`, which must lie in one part. */
export function repeatingMatrix(gpu: Gpu, tools: Tools, weight: Weight, count: number): RepeatingMatrix {
  const { dtype, cols } = weight;
  const period = Math.min(PERIOD, weight.rows);
  const strip = randomRows(dtype, period, cols, 7);
  fill(gpu, tools, weight, strip, period);
  const known = randomF32(Math.min(ROWS, count) * cols, 11);
  const scaleOf = (row: number) => 2 ** (Math.floor(row / ROWS) % 3);
  const values = new Float32Array(count * cols);
  for (let row = 0; row < count; row++) {
    const from = (row % ROWS) * cols;
    const scaled = known.subarray(from, from + cols).map((value) => value * scaleOf(row));
    values.set(scaled, row * cols);
  }
  const weights = () => decoded(dtype, strip, period * cols);
  let products: Float64Array | undefined;
  return {
    x: tensorOf(gpu, tools, values, [count, cols]),
    values,
    period,
    weights,
    product(row, output) {
      products ??= matmulRef(known, weights(), known.length / cols, period, cols);
      return products[(row % ROWS) * period + (output % period)]! * scaleOf(row);
    },
  };
}

/** Repacks the strip once, and writes it over and over. */
function fill({ device }: Gpu, tools: Tools, weight: Weight, strip: Uint8Array, period: number): void {
  const writes: Array<[buffer: GPUBuffer, offset: number, data: Uint8Array<ArrayBuffer>]> = [];
  const collect: Parameters<Tools['writeRows']>[0] = {
    writeBuffer: (buffer, offset, data) =>
      void writes.push([
        buffer,
        offset,
        new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice(),
      ]),
  };
  tools.writeRows(collect, weight, 0, period, strip);
  for (const [buffer, offset, data] of writes) {
    const row = data.byteLength / period;
    for (let first = 0; first < weight.rows; first += period) {
      const size = Math.min(period, weight.rows - first) * row;
      device.queue.writeBuffer(buffer, offset + first * row, data, 0, size);
    }
  }
}

function decoded(dtype: DType, bytes: Uint8Array, length: number): Float32Array {
  const values = new Float32Array(length);
  dtype.decode(bytes, length / dtype.blockSize, values);
  return values;
}
