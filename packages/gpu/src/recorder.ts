// Records dispatches into a plan. Model code asks for scratch tensors and calls ops; each op calls
// `dispatch`. Nothing touches the GPU before `finish`.

import { assert } from '@quern/spec';
import { UNIFORM_BUFFER } from './buffer-usage.ts';
import type { Gpu } from './device.ts';
import type { Kernel } from './kernel.ts';
import { Plan, type PlannedDispatch } from './plan.ts';
import { placeScratch, type ScratchPool } from './scratch.ts';
import { elements, type Region, type Tensor } from './tensor.ts';

/** A tensor, or bytes of a buffer from an offset (a multiple of 256) on. */
export type Bound = Tensor | Region;

export interface Dispatch {
  readonly kernel: Kernel;
  /** In the order of the kernel's bindings, without the uniform, which comes last. */
  readonly bind: readonly Bound[];
  /** The words of the kernel's uniform struct; omitted where it has none. */
  readonly params?: Uint32Array<ArrayBuffer>;
  readonly workgroups: readonly [x: number, y?: number, z?: number];
  /** Memory traffic and arithmetic of this dispatch, for the profile and the roofline. */
  readonly bytes: number;
  readonly flops: number;
}

export interface RecorderOptions {
  /** Variants forced by the caller, axis -> value. */
  variants?: Readonly<Record<string, string>>;
  /** Gives tapped tensors memory of their own, so that they can be read after a run. */
  keepTaps?: boolean;
  /** Where scratch memory comes from; default: the plan has its own. */
  pool?: ScratchPool | undefined;
}

export class Recorder {
  readonly gpu: Gpu;
  readonly variants: Readonly<Record<string, string>>;
  readonly #keepTaps: boolean;
  readonly #pool: ScratchPool | undefined;
  readonly #dispatches: Dispatch[] = [];
  readonly #scratch: Tensor[] = [];
  readonly #taps = new Map<string, Tensor>();
  /** Dispatches that were recorded before each tap. */
  readonly #marks = new Map<string, number>();

  constructor(gpu: Gpu, options: RecorderOptions = {}) {
    this.gpu = gpu;
    this.variants = options.variants ?? {};
    this.#keepTaps = options.keepTaps ?? false;
    this.#pool = options.pool;
  }

  /** Scratch memory for this plan: 4-byte elements, contents undefined until a dispatch writes them. */
  scratch(name: string, shape: readonly number[]): Tensor {
    const tensor = { name, shape, byteLength: Math.max(16, elements(shape) * 4), place: undefined };
    this.#scratch.push(tensor);
    return tensor;
  }

  /** Names an intermediate, so that two engines can be compared layer by layer. */
  tap(name: string, tensor: Tensor): void {
    this.#taps.set(name, tensor);
    this.#marks.set(name, this.#dispatches.length);
  }

  /** What was recorded so far. */
  get dispatches(): readonly Dispatch[] {
    return this.#dispatches;
  }

  dispatch(dispatch: Dispatch): void {
    const { kernel, bind, params, workgroups } = dispatch;
    const uniforms = params ? 1 : 0;
    assert(
      bind.length + uniforms === kernel.bindings.length,
      `${kernel.key}: ${bind.length + uniforms} bindings for ${kernel.bindings.length}`,
    );
    const most = this.gpu.caps.limits.maxComputeWorkgroupsPerDimension;
    assert(
      workgroups.every((n) => n === undefined || (Number.isInteger(n) && n > 0 && n <= most)),
      `${kernel.key}: workgroups ${workgroups.join('x')} exceed ${most} in a dimension or are none`,
    );
    this.#dispatches.push(dispatch);
  }

  /** Places the scratch tensors, writes the parameters, compiles what is missing. Throws 'gpu-error', 'out-of-memory'. */
  async finish(label: string): Promise<Plan> {
    const { device, pipelines } = this.gpu;
    const kept = this.#keepTaps ? new Set(this.#taps.values()) : new Set<Tensor>();
    const scratch = placeScratch(device, label, this.#scratch, this.#dispatches, kept, this.#pool);
    const place = (bound: Bound) =>
      'buffer' in bound ? bound : (bound.place ?? scratch.places.get(bound) ?? unplaced(bound));
    const params = packParams(device, label, this.#dispatches);
    const compiled = await Promise.all(this.#dispatches.map(({ kernel }) => pipelines.get(kernel)));
    const planned = this.#dispatches.map((dispatch, i): PlannedDispatch => {
      const regions = dispatch.bind.map((bound): Region => {
        const { buffer, offset } = place(bound);
        const size = 'buffer' in bound ? bound.size : Math.ceil(bound.byteLength / 16) * 16;
        return { buffer, offset, size };
      });
      const entries = regions.map((resource, binding): GPUBindGroupEntry => ({ binding, resource }));
      if (dispatch.params) entries.push({ binding: entries.length, resource: params.slots[i]! });
      return {
        kernel: dispatch.kernel.name,
        pipeline: compiled[i]!,
        bindGroup: device.createBindGroup({
          label: dispatch.kernel.key,
          layout: pipelines.layout(dispatch.kernel.bindings),
          entries,
        }),
        workgroups: dispatch.workgroups,
        regions,
        bytes: dispatch.bytes,
        flops: dispatch.flops,
      };
    });
    const taps = new Map(
      [...this.#taps].map(([name, tensor]) => [name, { ...tensor, place: place(tensor) }] as const),
    );
    const buffers = [...scratch.buffers, ...params.buffers];
    return new Plan(label, planned, buffers, taps, this.#marks);
  }
}

function unplaced(tensor: Tensor): never {
  throw new Error(`${tensor.name} belongs to another plan`);
}

/** All parameter structs in one uniform buffer, one 256-byte slot each. */
function packParams(device: GPUDevice, label: string, dispatches: readonly Dispatch[]) {
  const SLOT = 256;
  const count = dispatches.filter(({ params }) => params).length;
  if (count === 0) return { slots: [], buffers: [] };
  const buffer = device.createBuffer({
    label: `${label} params`,
    size: count * SLOT,
    usage: UNIFORM_BUFFER,
  });
  const words = new Uint32Array((count * SLOT) / 4);
  let next = 0;
  const slots = dispatches.map(({ params }) => {
    if (!params) return undefined;
    words.set(params, (next * SLOT) / 4);
    return { buffer, offset: next++ * SLOT, size: Math.ceil(params.byteLength / 16) * 16 };
  });
  device.queue.writeBuffer(buffer, 0, words);
  return { slots, buffers: [buffer] };
}
