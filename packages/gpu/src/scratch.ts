// Places scratch tensors by liveness: tensors whose uses do not overlap share one buffer. A dispatch
// never reads and writes one buffer, since all that it binds is alive during it.

import { STORAGE_BUFFER } from './buffer-usage.ts';
import type { Dispatch } from './recorder.ts';
import type { Place, Tensor } from './tensor.ts';

export interface Scratch {
  readonly places: ReadonlyMap<Tensor, Place>;
  readonly buffers: GPUBuffer[];
  readonly bytes: number;
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
): Scratch {
  const slots = assignSlots(scratch, dispatches, kept);
  const places = new Map<Tensor, Place>();
  const buffers = slots.map((slot, i) => {
    const buffer = device.createBuffer({
      label: `${label} scratch ${i}`,
      size: slot.bytes,
      usage: STORAGE_BUFFER,
    });
    for (const tensor of slot.tensors) places.set(tensor, { buffer, offset: 0 });
    return buffer;
  });
  return { places, buffers, bytes: slots.reduce((sum, { bytes }) => sum + bytes, 0) };
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
