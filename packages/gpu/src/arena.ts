// Room for many small tensors in few buffers. Drivers' allocators (Dawn's among them) cut buffers of less than 4 MiB out
// of heaps and round each up to a power of two: that was two thirds more than the tensors of a small model have.

import { STORAGE_BUFFER } from './buffer-usage.ts';
import type { Gpu } from './device.ts';
import type { Place } from './tensor.ts';

/** From here on a tensor has a buffer of its own, which drivers make as large as it is. */
export const OWN_BUFFER_BYTES = 4 * 2 ** 20;
const ARENA_BYTES = 8 * 2 ** 20;
/** What a binding begins at: minStorageBufferOffsetAlignment's default. */
const ALIGNMENT = 256;

export class Arena {
  readonly #gpu: Pick<Gpu, 'device' | 'caps'>;
  readonly #label: string;
  readonly #bytes: number;
  readonly #arenas: Array<{ readonly buffer: GPUBuffer; used: number }> = [];

  /** `bytes`: of a shared buffer, where what will be taken is known. */
  constructor(gpu: Pick<Gpu, 'device' | 'caps'>, label: string, bytes = ARENA_BYTES) {
    this.#gpu = gpu;
    this.#label = label;
    this.#bytes = Math.max(bytes, OWN_BUFFER_BYTES);
  }

  /** Room for `size` bytes: part of a shared buffer, or one of its own named `label`, which may be as large as the adapter has them. */
  take(label: string, size: number): Place {
    const { device, caps } = this.#gpu;
    const rounded = Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    if (rounded >= OWN_BUFFER_BYTES || this.#bytes > caps.limits.maxBufferSize) {
      return { buffer: device.createBuffer({ label, size, usage: STORAGE_BUFFER }), offset: 0 };
    }
    let arena = this.#arenas.find(({ used }) => used + rounded <= this.#bytes);
    if (!arena) {
      const name = `${this.#label} ${this.#arenas.length}`;
      const buffer = device.createBuffer({ label: name, size: this.#bytes, usage: STORAGE_BUFFER });
      arena = { buffer, used: 0 };
      this.#arenas.push(arena);
    }
    const offset = arena.used;
    arena.used += rounded;
    return { buffer: arena.buffer, offset };
  }
}
