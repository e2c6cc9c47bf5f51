// Streams a model's tensors to the GPU in the order of their bytes, a slice of rows at a time, so that no
// more than a few megabytes of the file are ever in memory; of packed checkpoints, one tensor.

import type { PackedTensor, TensorInfo } from '@quern/dtypes';
import type { Gpu } from '@quern/gpu';
import type { WeightRegistry } from '@quern/models';
import { type ByteSource, type Progress, QuernError, throwIfAborted } from '@quern/spec';
import { createProgressMeter } from '@quern/store';

/** Bytes of a slice: at least one row. */
const SLICE_BYTES = 4 << 20;
/** Bytes handed to the queue before it is waited for: staging copies are memory too. */
const QUEUED_BYTES = 64 << 20;

export interface WeightStreamOptions {
  gpu: Gpu;
  sources: readonly ByteSource[];
  weights: WeightRegistry;
  onProgress?: ((progress: Progress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Throws what the sources throw, 'aborted', or 'device-lost'. */
export async function streamWeights({
  gpu,
  sources,
  weights,
  onProgress,
  signal,
}: WeightStreamOptions): Promise<void> {
  const wanted = weights.wanted();
  /** Wanted bytes of each file. */
  const ofFile = sources.map(() => 0);
  for (const { file, byteLength } of wanted) ofFile[file]! += byteLength;
  const meter = createProgressMeter({
    phase: 'weights',
    file: sources[0]!.name,
    fileTotal: ofFile[0]!,
    total: wanted.reduce((sum, { byteLength }) => sum + byteLength, 0),
    onProgress: onProgress ?? (() => undefined),
  });
  let queued = 0;
  for (const info of wanted) {
    const source = sources[info.file]!;
    meter.setFile(source.name, ofFile[info.file]!);
    if (info.packed) {
      await streamPacked(info, info.packed);
      continue;
    }
    const rows = info.shape.slice(0, -1).reduce((product, n) => product * n, 1);
    const rowBytes = info.byteLength / rows;
    const most = Math.max(1, Math.floor(SLICE_BYTES / rowBytes));
    for (let row = 0; row < rows; row += most) {
      throwIfAborted(signal);
      const count = Math.min(most, rows - row);
      const bytes = await source.read(info.offset + row * rowBytes, count * rowBytes, signal);
      if (bytes.byteLength !== count * rowBytes) {
        throw new QuernError('corrupt-file', `${source.name} ends within tensor '${info.name}'.`);
      }
      await write(info, row, count, bytes);
      meter.add(bytes.byteLength, source.origin);
    }
  }
  await Promise.race([gpu.device.queue.onSubmittedWorkDone(), gpu.lost]);
  gpu.check();
  meter.end();

  async function write(info: TensorInfo, row: number, count: number, bytes: Uint8Array): Promise<void> {
    gpu.check();
    weights.write(info, row, count, bytes);
    queued += bytes.byteLength;
    if (queued < QUEUED_BYTES) return;
    await Promise.race([gpu.device.queue.onSubmittedWorkDone(), gpu.lost]);
    queued = 0;
  }

  /** Read whole, as its rows lie scattered in it, and written a strip at a time. */
  async function streamPacked(info: TensorInfo, packed: PackedTensor): Promise<void> {
    const { dtype, shape } = info;
    const assembled = await packed.assemble(sources, signal);
    if (assembled.order) weights.writeOrder(info, assembled.order);
    const columns = shape.at(-1)!;
    const rows = shape.length === 1 ? 1 : shape[0]!;
    const rowBytes = (columns / dtype.blockSize) * dtype.blockBytes;
    const most = Math.max(8, Math.floor(SLICE_BYTES / rowBytes / 8) * 8);
    for (let row = 0; row < rows; row += most) {
      throwIfAborted(signal);
      const count = Math.min(most, rows - row);
      await write(info, row, count, assembled.rows(row, count));
    }
    meter.add(info.byteLength, sources[info.file]!.origin);
  }
}
