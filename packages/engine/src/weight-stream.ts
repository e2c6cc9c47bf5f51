// Streams a model's tensors to the GPU in the order of their bytes, a slice of rows at a time, so that no
// more than a few megabytes of the file are ever in memory.

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
  const meter = createProgressMeter({
    phase: 'weights',
    file: sources[0]!.name,
    total: wanted.reduce((sum, { byteLength }) => sum + byteLength, 0),
    onProgress: onProgress ?? (() => undefined),
  });
  let queued = 0;
  for (const info of wanted) {
    const source = sources[info.file]!;
    meter.setFile(source.name);
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
      gpu.check();
      weights.write(info, row, count, bytes);
      meter.add(bytes.byteLength, source.origin);
      queued += bytes.byteLength;
      if (queued >= QUEUED_BYTES) {
        await Promise.race([gpu.device.queue.onSubmittedWorkDone(), gpu.lost]);
        queued = 0;
      }
    }
  }
  await Promise.race([gpu.device.queue.onSubmittedWorkDone(), gpu.lost]);
  gpu.check();
  meter.end();
}
