// Bytes from the GPU to the page: once (`readBuffer`), or step after step through a ring of staging
// buffers (`ReadbackRing`) so that a step can be submitted while the ids of an earlier one are read.

import { assert } from '@quern/spec';
import type { Gpu } from './device.ts';
import { promptly } from './queue-done.ts';

/** A copy of `size` bytes of a COPY_SRC buffer after all work submitted so far. */
export async function readBuffer(
  gpu: Gpu,
  source: GPUBuffer,
  offset: number,
  size: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const staging = gpu.device.createBuffer({
    label: 'readback',
    size: Math.ceil(size / 4) * 4,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const encoder = gpu.device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, offset, staging, 0, Math.ceil(size / 4) * 4);
  gpu.device.queue.submit([encoder.finish()]);
  try {
    await promptly(gpu, staging.mapAsync(GPUMapMode.READ));
    return new Uint8Array(staging.getMappedRange().slice(0, size));
  } finally {
    staging.destroy();
  }
}

/** A fixed number of staging buffers used in turn; at most that many reads may be pending. */
export class ReadbackRing {
  readonly #gpu: Gpu;
  readonly #size: number;
  readonly #free: GPUBuffer[];
  readonly #all: readonly GPUBuffer[];

  constructor(gpu: Gpu, byteLength: number, count: number) {
    this.#gpu = gpu;
    this.#size = byteLength;
    this.#all = Array.from({ length: count }, (_, i) =>
      gpu.device.createBuffer({
        label: `readback ring ${i}`,
        size: byteLength,
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      }),
    );
    this.#free = [...this.#all];
  }

  /** Adds the copy to `encoder`; call the result after that encoder is submitted. */
  copy(
    encoder: GPUCommandEncoder,
    source: GPUBuffer,
    offset: number,
  ): () => Promise<Uint32Array<ArrayBuffer>> {
    const staging = this.#free.pop();
    assert(staging, 'more readbacks are pending than the ring holds');
    encoder.copyBufferToBuffer(source, offset, staging, 0, this.#size);
    return async () => {
      await promptly(this.#gpu, staging.mapAsync(GPUMapMode.READ));
      const words = new Uint32Array(staging.getMappedRange().slice(0));
      staging.unmap();
      this.#free.push(staging);
      return words;
    };
  }

  destroy(): void {
    for (const buffer of this.#all) buffer.destroy();
  }
}
