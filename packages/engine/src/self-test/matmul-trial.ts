// A matmul with random weights in their packed form. The weight repeats its first rows and x its first rows times a
// power of two, so that every output is known though few are computed here.

import type { Gpu } from '@quern/gpu';
import { matmulRef, randomF32, randomRows } from '@quern/kernels/twins';
import { stepOf, tensorOf } from './known-tensors.ts';
import type { MatrixNeed } from './need.ts';
import type { Tools } from './tools.ts';
import { Nmse, type Trial } from './trial.ts';

/** Rows of the weight until it repeats: a prime, so that rows mixed up at any stride of a kernel differ. */
const PERIOD = 61;
/** Rows of x until they repeat. */
const ROWS = 4;
/** The weight has at most so many values. */
const VALUES = { software: 1 << 16, gpu: 1 << 23 };

export function matmulTrial(
  gpu: Gpu,
  tools: Tools,
  { dtype, rows, cols, bytes }: MatrixNeed,
  count: number,
): Trial {
  const { software } = gpu.caps;
  const most = Math.floor((software ? VALUES.software : VALUES.gpu) / cols);
  const outputs = Math.min(rows, Math.max(64, most));
  const period = Math.min(PERIOD, outputs);
  const strip = randomRows(dtype, period, cols, 7);
  const weight = tools.createWeight(gpu.device, gpu.caps, 'self-test', dtype, outputs, cols);
  const writes: Array<[buffer: GPUBuffer, offset: number, data: Uint8Array]> = [];
  const collect = {
    writeBuffer: (
      buffer: GPUBuffer,
      offset: number,
      { buffer: b, byteOffset, byteLength }: ArrayBufferView,
    ) => void writes.push([buffer, offset, new Uint8Array(b, byteOffset, byteLength).slice()]),
  };
  tools.writeRows(collect, weight, 0, period, strip);
  for (const [buffer, offset, data] of writes) {
    const row = data.byteLength / period;
    for (let first = 0; first < outputs; first += period) {
      const size = Math.min(period, outputs - first) * row;
      gpu.device.queue.writeBuffer(buffer, offset + first * row, data as Uint8Array<ArrayBuffer>, 0, size);
    }
  }

  const known = randomF32(Math.min(ROWS, count) * cols, 11);
  const scaleOf = (row: number) => 2 ** (Math.floor(row / ROWS) % 3);
  const values = new Float32Array(count * cols);
  for (let row = 0; row < count; row++) {
    const from = (row % ROWS) * cols;
    values.set(
      known.subarray(from, from + cols).map((value) => value * scaleOf(row)),
      row * cols,
    );
  }
  const x = tensorOf(gpu, tools, values, [count, cols]);
  const step = stepOf(gpu, tools, count);
  const y = tools.createTensor(gpu.device, 'self-test y', [count, outputs]);
  let expected: Float64Array | undefined;
  return {
    name: `${dtype.name} matmul of ${count} ${count === 1 ? 'row' : 'rows'}, ${outputs} x ${cols}`,
    work: count === 1 ? 'gemv' : 'gemm',
    perToken: bytes / weight.byteLength / count,
    y,
    record: (rec) => tools.matmul(rec, { weight, x, y, step }),
    error(actual) {
      if (!expected) {
        const w = new Float32Array(period * cols);
        dtype.decode(strip, w.length / dtype.blockSize, w);
        expected = matmulRef(known, w, known.length / cols, period, cols);
      }
      const nmse = new Nmse();
      for (let row = 0; row < count; row++) {
        const from = (row % ROWS) * period;
        for (let o = 0; o < outputs; o++) {
          nmse.add(actual[row * outputs + o]!, expected[from + (o % period)]! * scaleOf(row));
        }
      }
      return nmse.value;
    },
    destroy() {
      tools.destroyWeight(weight);
      for (const { place } of [x, step, y]) place.buffer.destroy();
    },
  };
}
