// Which parts of GPU buffers have all their weights: each is filled by one tensor of the file or by several, and what
// reads it may run once the last of them was written.

import type { Region, Tensor } from '@quern/gpu';
import type { Weight } from '@quern/kernels';
import { throwIfAborted } from '@quern/spec';

interface Waiting {
  readonly regions: Iterable<Region>;
  arrive(): void;
}

interface Expected {
  readonly tensor: string;
  readonly region: Region;
}

export class Arrivals {
  /** Of tensors that are not whole yet, by the buffer that they go to. */
  readonly #missing = new Map<GPUBuffer, Set<Expected>>();
  readonly #expected = new Map<string, Expected[]>();
  readonly #waiting = new Set<Waiting>();

  /** `tensor` will be written to `regions`, and maybe to others that were named before. */
  expect(tensor: string, regions: Iterable<Region>): void {
    const all = this.#expected.get(tensor) ?? [];
    this.#expected.set(tensor, all);
    for (const region of regions) {
      const expected = { tensor, region };
      all.push(expected);
      const missing = this.#missing.get(region.buffer) ?? new Set();
      this.#missing.set(region.buffer, missing.add(expected));
    }
  }

  /** All of it is written: what the queue is given from here on finds it there. */
  arrived(tensor: string): void {
    for (const expected of this.#expected.get(tensor) ?? []) {
      this.#missing.get(expected.region.buffer)?.delete(expected);
    }
    this.#expected.delete(tensor);
    for (const entry of this.#waiting) {
      if (!this.#whole(entry.regions)) continue;
      this.#waiting.delete(entry);
      entry.arrive();
    }
  }

  /** Resolves when nothing is missing in any of them. Throws 'aborted'. */
  async whole(regions: Iterable<Region>, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    if (this.#whole(regions)) return;
    let stop: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      const entry = { regions, arrive: resolve };
      this.#waiting.add(entry);
      stop = () => {
        this.#waiting.delete(entry);
        resolve();
      };
      signal.addEventListener('abort', stop);
    });
    signal.removeEventListener('abort', stop!);
    throwIfAborted(signal);
  }

  #whole(regions: Iterable<Region>): boolean {
    for (const { buffer, offset, size } of regions) {
      for (const { region } of this.#missing.get(buffer) ?? []) {
        if (region.offset < offset + size && offset < region.offset + region.size) return false;
      }
    }
    return true;
  }
}

/** Where a weight's rows go. */
export function regionsOf({ parts }: Weight): Region[] {
  return parts.flatMap(({ quants, scales }) => [quants, scales]);
}

/** Where a tensor lies. */
export function regionOf({ place, byteLength }: Tensor): Region {
  return { ...place!, size: byteLength };
}
