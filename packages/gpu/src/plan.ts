// A plan is a recorded list of dispatches with constant bind groups. Replaying it costs the page a few
// calls per dispatch and no allocation.

import { assert } from '@quern/spec';
import type { Region, Tensor } from './tensor.ts';

export interface PlannedDispatch {
  readonly kernel: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [x: number, y?: number, z?: number];
  /** What it binds, without its parameters. */
  readonly regions: readonly Region[];
  readonly bytes: number;
  readonly flops: number;
}

/** Some dispatches of a plan: `start` is the first, `end` the one after the last. */
export interface PlanRange {
  readonly start: number;
  readonly end: number;
}

export class Plan {
  readonly label: string;
  readonly dispatches: readonly PlannedDispatch[];
  readonly #buffers: readonly GPUBuffer[];
  readonly #taps: ReadonlyMap<string, Tensor>;
  readonly #marks: ReadonlyMap<string, number>;

  constructor(
    label: string,
    dispatches: readonly PlannedDispatch[],
    buffers: readonly GPUBuffer[],
    taps: ReadonlyMap<string, Tensor>,
    marks: ReadonlyMap<string, number>,
  ) {
    this.label = label;
    this.dispatches = dispatches;
    this.#buffers = buffers;
    this.#taps = taps;
    this.#marks = marks;
  }

  /** A tensor that was named while recording; its contents last only if the recorder kept taps. */
  tapped(name: string): Tensor {
    const tensor = this.#taps.get(name);
    assert(tensor, `plan ${this.label} has no tap ${name}; it has ${[...this.#taps.keys()].join(', ')}`);
    return tensor;
  }

  /** The dispatch before which a tensor was named, when it is as it was meant; undefined: no such name. */
  markOf(name: string): number | undefined {
    return this.#marks.get(name);
  }

  /** Arithmetic of its largest dispatch. */
  get largestFlops(): number {
    return this.dispatches.reduce((most, { flops }) => Math.max(most, flops), 0);
  }

  /** Of a range, which is all of it by default. */
  flops({ start, end }: PlanRange = this.#whole): number {
    return this.dispatches.slice(start, end).reduce((sum, { flops }) => sum + flops, 0);
  }

  /**
   * A range (all of it by default) in pieces of at most `flopsPerPiece`, one dispatch at least: what is submitted at
   * once, so that no submit holds the GPU for long.
   */
  pieces(flopsPerPiece: number, { start: first, end }: PlanRange = this.#whole): PlanRange[] {
    const pieces: PlanRange[] = [];
    let start = first;
    let flops = 0;
    for (let i = first; i < end; i++) {
      const dispatch = this.dispatches[i]!;
      if (i > start && flops + dispatch.flops > flopsPerPiece) {
        pieces.push({ start, end: i });
        start = i;
        flops = 0;
      }
      flops += dispatch.flops;
    }
    return [...pieces, { start, end }];
  }

  /** Encodes a range (all of it by default) into one compute pass. */
  encode(encoder: GPUCommandEncoder, { start, end }: PlanRange = this.#whole): void {
    const pass = encoder.beginComputePass({ label: this.label });
    let current: GPUComputePipeline | undefined;
    for (let i = start; i < end; i++) {
      const { pipeline, bindGroup, workgroups } = this.dispatches[i]!;
      if (pipeline !== current) pass.setPipeline((current = pipeline));
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
    }
    pass.end();
  }

  get #whole(): PlanRange {
    return { start: 0, end: this.dispatches.length };
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }
}
