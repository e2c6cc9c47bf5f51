// A plan is a recorded list of dispatches with constant bind groups. Replaying it costs the page a few
// calls per dispatch and no allocation.

import { assert, type KernelTiming } from '@quern/spec';
import type { Gpu } from './device.ts';
import { profilePlan } from './profiler.ts';
import type { Tensor } from './tensor.ts';

export interface PlannedDispatch {
  readonly kernel: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [x: number, y?: number, z?: number];
  readonly bytes: number;
  readonly flops: number;
}

export class Plan {
  readonly label: string;
  readonly dispatches: readonly PlannedDispatch[];
  readonly scratchBytes: number;
  readonly #gpu: Gpu;
  readonly #buffers: readonly GPUBuffer[];
  readonly #taps: ReadonlyMap<string, Tensor>;

  constructor(
    gpu: Gpu,
    label: string,
    dispatches: readonly PlannedDispatch[],
    buffers: readonly GPUBuffer[],
    scratchBytes: number,
    taps: ReadonlyMap<string, Tensor>,
  ) {
    this.#gpu = gpu;
    this.label = label;
    this.dispatches = dispatches;
    this.#buffers = buffers;
    this.scratchBytes = scratchBytes;
    this.#taps = taps;
  }

  /** A tensor that was named while recording; its contents last only if the recorder kept taps. */
  tapped(name: string): Tensor {
    const tensor = this.#taps.get(name);
    assert(tensor, `plan ${this.label} has no tap ${name}; it has ${[...this.#taps.keys()].join(', ')}`);
    return tensor;
  }

  /** Encodes all dispatches into one compute pass. */
  encode(encoder: GPUCommandEncoder): void {
    this.#encode(encoder, 0, this.dispatches.length);
  }

  /**
   * Submits the plan in pieces of at most `flopsPerSubmit` (one dispatch at least), so that no submit
   * holds the GPU for long. The last piece is left in the returned encoder for the caller to add copies to.
   */
  submitPieces(flopsPerSubmit: number): GPUCommandEncoder {
    let encoder = this.#gpu.device.createCommandEncoder({ label: this.label });
    let start = 0;
    let flops = 0;
    this.dispatches.forEach((dispatch, i) => {
      if (i > start && flops + dispatch.flops > flopsPerSubmit) {
        this.#encode(encoder, start, i);
        this.#gpu.device.queue.submit([encoder.finish()]);
        encoder = this.#gpu.device.createCommandEncoder({ label: this.label });
        start = i;
        flops = 0;
      }
      flops += dispatch.flops;
    });
    this.#encode(encoder, start, this.dispatches.length);
    return encoder;
  }

  #encode(encoder: GPUCommandEncoder, start: number, end: number): void {
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

  /** Runs every dispatch in a pass of its own between timestamps. Throws 'webgpu-unavailable' without them. */
  profile(): Promise<KernelTiming[]> {
    return profilePlan(this.#gpu, this);
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }
}
