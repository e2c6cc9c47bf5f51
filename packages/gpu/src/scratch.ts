// Places scratch tensors by liveness: tensors whose uses do not overlap share one buffer. A dispatch
// never reads and writes one buffer, since all that it binds is alive during it.

import { STORAGE_BUFFER } from './buffer-usage.ts';
import type { Dispatch } from './recorder.ts';
import type { Place, Tensor } from './tensor.ts';

export interface Scratch {
  readonly places: ReadonlyMap<Tensor, Place>;
  /** Those that belong to this plan alone. */
  readonly buffers: GPUBuffer[];
}

/**
 * Scratch memory that plans share. A queue runs them one after the other, and nothing in scratch outlives its plan:
 * each takes the buffers that are there, and adds what is missing.
 */
export class ScratchPool {
  readonly #buffers: GPUBuffer[] = [];

  get byteLength(): number {
    return this.#buffers.reduce((sum, { size }) => sum + size, 0);
  }

  /** A buffer for each of these sizes; none is given twice. */
  take(device: GPUDevice, label: string, sizes: readonly number[]): GPUBuffer[] {
    const free = [...this.#buffers].sort((a, b) => a.size - b.size);
    const taken: GPUBuffer[] = [];
    // The largest first, each the smallest that will do: what is added is small.
    for (const [i, size] of [...sizes.entries()].sort((a, b) => b[1] - a[1])) {
      const at = free.findIndex((buffer) => buffer.size >= size);
      taken[i] = at >= 0 ? free.splice(at, 1)[0]! : this.#add(device, `${label} scratch ${i}`, size);
    }
    return taken;
  }

  #add(device: GPUDevice, label: string, size: number): GPUBuffer {
    const buffer = device.createBuffer({ label, size, usage: STORAGE_BUFFER });
    this.#buffers.push(buffer);
    return buffer;
  }
}

interface Slot {
  bytes: number;
  /** Index of the last dispatch that uses it. */
  busyUntil: number;
  readonly tensors: Tensor[];
}

export function placeScratch(
  device: GPUDevice,
  label: string,
  scratch: readonly Tensor[],
  dispatches: readonly Dispatch[],
  kept: ReadonlySet<Tensor>,
  pool: ScratchPool | undefined,
): Scratch {
  const slots = assignSlots(scratch, dispatches, kept);
  const places = new Map<Tensor, Place>();
  const sizes = slots.map(({ bytes }) => bytes);
  const buffers = (pool ?? new ScratchPool()).take(device, label, sizes);
  slots.forEach(({ tensors }, i) => {
    for (const tensor of tensors) places.set(tensor, { buffer: buffers[i]!, offset: 0 });
  });
  return { places, buffers: pool ? [] : buffers };
}

/** First fit in order of first use; the smallest free slot that is large enough, else the largest grown. */
export function assignSlots(
  scratch: readonly Tensor[],
  dispatches: readonly Dispatch[],
  kept: ReadonlySet<Tensor>,
): Slot[] {
  const mine = new Set<unknown>(scratch);
  const spans = new Map<Tensor, { first: number; last: number }>();
  dispatches.forEach(({ bind }, i) => {
    for (const bound of bind) {
      if (!mine.has(bound)) continue;
      const tensor = bound as Tensor;
      const span = spans.get(tensor);
      if (span) span.last = i;
      else spans.set(tensor, { first: i, last: i });
    }
  });
  const slots: Slot[] = [];
  for (const [tensor, { first, last }] of [...spans].sort((a, b) => a[1].first - b[1].first)) {
    const bytes = Math.ceil(tensor.byteLength / 16) * 16;
    const free = slots.filter((slot) => slot.busyUntil < first).sort((a, b) => a.bytes - b.bytes);
    let slot = free.find((candidate) => candidate.bytes >= bytes) ?? free.at(-1);
    if (!slot) {
      slot = { bytes: 0, busyUntil: 0, tensors: [] };
      slots.push(slot);
    }
    slot.bytes = Math.max(slot.bytes, bytes);
    slot.busyUntil = kept.has(tensor) ? Infinity : last;
    slot.tensors.push(tensor);
  }
  return slots;
}
