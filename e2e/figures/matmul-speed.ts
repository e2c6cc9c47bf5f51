// Speed of the matmul kernel at one shape, beside what the adapter's roofline leaves. Every timed product is checked
// against the plain decode of a few of its rows.

import { type DType, dtypeByName } from '@quern/dtypes';
import { createTensor, type Gpu, readBuffer, secondsOf, type Tensor, uploadTensor } from '@quern/gpu';
import { chooseVariants, createWeight, destroyWeight, matmul, type Weight, writeRows } from '@quern/kernels';
import { QuernError, type Roofline } from '@quern/spec';
import { madeBlocks } from './made-llama.ts';

export interface MatmulShape {
  type: string;
  rows: number;
  outputs: number;
  k: number;
}

export interface MatmulSpeed extends MatmulShape {
  seconds: number;
  /** Of weights that are read, a second. */
  weightBytesPerSecond: number;
  flopsPerSecond: number;
  /** Share of the roofline: of its bytes or its arithmetic, whichever binds. */
  share: number;
}

/** Weights of so many bytes are gone through in turn, so that no cache holds them; a software adapter has none to fool. */
const BEYOND_CACHES = 512 * 2 ** 20;
const MOST_COPIES = 32;
const SLAB_BYTES = 8 * 2 ** 20;
/** Blocks after which the rows repeat. */
const PERIOD = 4099;

/** Throws 'gpu-error' where a product is wrong. `forced`: variants, axis -> value. */
export async function matmulSpeed(
  gpu: Gpu,
  limits: Roofline,
  { type, rows, outputs, k }: MatmulShape,
  forced: Record<string, string> = {},
): Promise<MatmulSpeed> {
  const dtype = dtypeByName(type)!;
  const fileRow = fileRows(dtype, k);
  const first = createWeight(gpu.device, gpu.caps, type, dtype, outputs, k);
  const copies = gpu.caps.software ? 1 : Math.min(MOST_COPIES, Math.ceil(BEYOND_CACHES / first.byteLength));
  const weights = [first];
  const tensors: Tensor[] = [];
  const take = (tensor: Tensor): Tensor => (tensors.push(tensor), tensor);
  try {
    fill(gpu, first, fileRow);
    while (weights.length < copies) weights.push(copyOf(gpu, first));
    const values = Float32Array.from({ length: rows * k }, (_, i) => ((i * 7919) % 2003) / 1001 - 1);
    const x = take(uploadTensor(gpu.device, 'x', values, [rows, k]));
    const y = take(createTensor(gpu.device, 'y', [rows, outputs]));
    const words = new Uint32Array(4 + rows * 4);
    words[0] = rows;
    const step = take(uploadTensor(gpu.device, 'step', words));
    const variants = { ...chooseVariants(gpu.caps, forced) };
    const all = await secondsOf(
      gpu,
      (rec) => {
        for (const weight of weights) matmul(rec, { weight, x, y, step });
      },
      { variants },
    );
    for (const row of new Set([0, rows - 1])) {
      for (const output of new Set([0, outputs >> 1, outputs - 1])) {
        await check(gpu, y, row * outputs + output, values.subarray(row * k, (row + 1) * k), {
          dtype,
          bytes: fileRow(output),
        });
      }
    }
    const seconds = all / weights.length;
    const flops = 2 * rows * outputs * k;
    const bytes = first.byteLength + x.byteLength + y.byteLength;
    return {
      type,
      rows,
      outputs,
      k,
      seconds,
      weightBytesPerSecond: first.byteLength / seconds,
      flopsPerSecond: flops / seconds,
      share: Math.max(bytes / limits.bytesPerSecond, flops / limits.flopsPerSecond) / seconds,
    };
  } finally {
    for (const { place } of tensors) place?.buffer.destroy();
    for (const weight of weights) destroyWeight(weight);
  }
}

/** Rows as they stand in a file. */
function fileRows(dtype: DType, k: number): (row: number) => Uint8Array {
  const pattern = madeBlocks(dtype, PERIOD + k / dtype.blockSize);
  const blocks = k / dtype.blockSize;
  return (row) => {
    const at = (row * blocks) % PERIOD;
    return pattern.subarray(at * dtype.blockBytes, (at + blocks) * dtype.blockBytes);
  };
}

function fill(gpu: Gpu, weight: Weight, fileRow: (row: number) => Uint8Array): void {
  const rowBytes = fileRow(0).byteLength;
  const most = Math.max(1, Math.floor(SLAB_BYTES / rowBytes));
  for (let row = 0; row < weight.rows; row += most) {
    const count = Math.min(most, weight.rows - row);
    const slab = new Uint8Array(count * rowBytes);
    for (let i = 0; i < count; i++) slab.set(fileRow(row + i), i * rowBytes);
    writeRows(gpu.device.queue, weight, row, count, slab);
  }
}

function copyOf(gpu: Gpu, weight: Weight): Weight {
  const { name, dtype, rows, cols } = weight;
  const copy = createWeight(gpu.device, gpu.caps, name, dtype, rows, cols);
  const encoder = gpu.device.createCommandEncoder();
  weight.parts.forEach(({ buffer }, i) =>
    encoder.copyBufferToBuffer(buffer, 0, copy.parts[i]!.buffer, 0, buffer.size),
  );
  gpu.device.queue.submit([encoder.finish()]);
  return copy;
}

async function check(
  gpu: Gpu,
  y: Tensor,
  at: number,
  x: Float32Array,
  { dtype, bytes }: { dtype: DType; bytes: Uint8Array },
): Promise<void> {
  const actual = new Float32Array((await readBuffer(gpu, y.place!.buffer, at * 4, 4)).buffer)[0]!;
  const weights = new Float32Array(x.length);
  dtype.decode(bytes, x.length / dtype.blockSize, weights);
  let sum = 0;
  let size = 0;
  for (let i = 0; i < x.length; i++) {
    sum += x[i]! * weights[i]!;
    size += Math.abs(x[i]! * weights[i]!);
  }
  if (Math.abs(actual - sum) <= 1e-5 * size) return;
  throw new QuernError(
    'gpu-error',
    `The adapter computes wrong: ${dtype.name}, value ${at} is ${actual} and should be ${sum}, so its speed says nothing.`,
  );
}
