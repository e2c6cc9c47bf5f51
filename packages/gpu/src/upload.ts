// Bytes on their way to GPU buffers that must arrive whole: the memory in which they are made ready, used again and
// again so that nothing is left to the garbage collector, and samples of what was written, to be compared with what
// the GPU has. Drivers have lost writes; a model that is wrong in one row only talks nonsense.

import type { Gpu } from './device.ts';
import { promptly } from './queue-done.ts';

export type Bytes = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** What takes bytes for the GPU: a GPUQueue, or an Upload. */
export interface Uploader {
  writeBuffer(buffer: GPUBuffer, offset: number, data: Bytes): void;
  /** `length` zeros, valid until the next call with this `slot`. */
  scratch?(slot: number, length: number): Uint8Array<ArrayBuffer>;
}

/** Rows of a tensor that are being written. */
export interface Written {
  readonly tensor: string;
  readonly firstRow: number;
  readonly count: number;
  /** They are its first rows, its last ones. */
  readonly first: boolean;
  readonly last: boolean;
}

/** Rows whose bytes on the GPU are not those that were written. */
export type Mismatch = Pick<Written, 'tensor' | 'firstRow' | 'count'>;

const SAMPLE_BYTES = 64;
/** Rows that are written piece by piece: their first two pieces (both streams of a row) are sampled, and one for each .. */
const SPACING_BYTES = 2 ** 20;
/** Beyond so many, tensors are sampled at their ends only. */
const MOST_SAMPLES = 8192;

interface Sample {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly of: Mismatch;
}

export class Upload implements Uploader {
  readonly #gpu: Gpu;
  readonly #scratch: Array<Uint8Array<ArrayBuffer>> = [];
  #samples: Sample[] = [];
  #of: Written | undefined;
  /** Writes of these rows that were sampled, and bytes written since. */
  #sampled = 0;
  #skipped = 0;
  /** The ends of the last two writes: those of both streams. */
  #ends: Sample[] = [];
  #random = 1;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  scratch(slot: number, length: number): Uint8Array<ArrayBuffer> {
    const held = this.#scratch[slot];
    if (held === undefined || held.length < length) return (this.#scratch[slot] = new Uint8Array(length));
    return held.subarray(0, length).fill(0);
  }

  /** What is written from here on is of these rows; undefined: of none, and no sample is kept. */
  begin(rows: Written | undefined): void {
    this.#samples.push(...this.#ends);
    this.#ends = [];
    this.#sampled = 0;
    this.#skipped = 0;
    this.#of = rows;
  }

  writeBuffer(buffer: GPUBuffer, offset: number, data: Bytes): void {
    this.#gpu.device.queue.writeBuffer(buffer, offset, data);
    if (!this.#of || data.byteLength === 0) return;
    const { tensor, firstRow, count, first, last } = this.#of;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const length = Math.min(SAMPLE_BYTES, bytes.length);
    const end = bytes.length - length;
    const sampleAt = (at: number): Sample => {
      const of = { tensor, firstRow, count };
      return { buffer, offset: offset + at, bytes: bytes.slice(at, at + length), of };
    };
    this.#skipped += bytes.length;
    const wanted = this.#sampled < 2 || this.#skipped >= SPACING_BYTES;
    if (wanted && (first || last || this.#samples.length < MOST_SAMPLES)) {
      if (first && this.#sampled < 2) this.#samples.push(sampleAt(0));
      // Copies begin at words.
      this.#samples.push(sampleAt(4 * Math.floor(this.#draw() * (end / 4 + 1))));
      this.#sampled++;
      this.#skipped = 0;
    }
    if (last) this.#ends = [...this.#ends.slice(-1), sampleAt(end)];
  }

  /** The same places in every run (Numerical Recipes' generator). */
  #draw(): number {
    this.#random = (Math.imul(this.#random, 1664525) + 1013904223) >>> 0;
    return this.#random / 2 ** 32;
  }

  /**
   * Reads the samples back, in one submit, and forgets them and the scratch memory. Resolves to the first rows that
   * differ. Throws when the device is lost.
   */
  async verify(): Promise<Mismatch | undefined> {
    const samples = this.#samples;
    this.#samples = [];
    this.#scratch.length = 0;
    if (samples.length === 0) return undefined;
    const { device } = this.#gpu;
    const staging = device.createBuffer({
      label: 'samples',
      size: samples.length * SAMPLE_BYTES,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = device.createCommandEncoder({ label: 'samples' });
    samples.forEach(({ buffer, offset, bytes }, i) =>
      encoder.copyBufferToBuffer(buffer, offset, staging, i * SAMPLE_BYTES, bytes.length),
    );
    device.queue.submit([encoder.finish()]);
    try {
      await promptly(this.#gpu, staging.mapAsync(GPUMapMode.READ));
      const found = new Uint8Array(staging.getMappedRange());
      return samples.find(({ bytes }, i) => bytes.some((byte, b) => found[i * SAMPLE_BYTES + b] !== byte))
        ?.of;
    } finally {
      staging.destroy();
    }
  }
}
