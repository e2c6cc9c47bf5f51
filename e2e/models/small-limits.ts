// An adapter with smaller limits than WebGPU lets anyone ask for: what the engine makes of them is held to them, and
// more than they allow fails as it would on such an adapter.

import type { Caps } from '@quern/gpu';
import { openDawn } from '@quern/gpu/node';

export type SmallLimits = Pick<Caps['limits'], 'maxStorageBufferBindingSize' | 'maxBufferSize'>;

export interface SmallGpu {
  readonly gpu: GPU;
  /** Of storage buffers, the largest and the largest part that was bound, and how many were made under each label. */
  readonly used: { buffer: number; binding: number; buffers: Map<string, number> };
}

export async function smallGpu(limits: SmallLimits): Promise<SmallGpu> {
  const entry = await openDawn();
  const used: SmallGpu['used'] = { buffer: 0, binding: 0, buffers: new Map() };
  const gpu = {
    wgslLanguageFeatures: entry.wgslLanguageFeatures,
    async requestAdapter(options?: GPURequestAdapterOptions) {
      const adapter = (await entry.requestAdapter(options))!;
      return {
        info: adapter.info,
        features: adapter.features,
        limits: new Proxy(adapter.limits, {
          get: (real, name) => limits[name as keyof SmallLimits] ?? Reflect.get(real, name, real),
        }),
        async requestDevice({ requiredFeatures = [] }: GPUDeviceDescriptor) {
          return held(await adapter.requestDevice({ requiredFeatures }), limits, used);
        },
      };
    },
  };
  return { gpu: gpu as unknown as GPU, used };
}

function held(device: GPUDevice, limits: SmallLimits, used: SmallGpu['used']): GPUDevice {
  const createBuffer = device.createBuffer.bind(device);
  const createBindGroup = device.createBindGroup.bind(device);
  device.createBuffer = (descriptor) => {
    const { size, usage, label = '' } = descriptor;
    // What tests read back is theirs.
    if (!(usage & GPUBufferUsage.MAP_READ)) {
      if (size > limits.maxBufferSize) throw new Error(`${label}: a buffer of ${size} bytes`);
      used.buffer = Math.max(used.buffer, size);
      used.buffers.set(label, (used.buffers.get(label) ?? 0) + 1);
    }
    return createBuffer(descriptor);
  };
  device.createBindGroup = (descriptor) => {
    for (const { resource } of descriptor.entries) {
      const { size = 0 } = resource as GPUBufferBinding;
      if (size > limits.maxStorageBufferBindingSize)
        throw new Error(`${descriptor.label}: binds ${size} bytes`);
      used.binding = Math.max(used.binding, size);
    }
    return createBindGroup(descriptor);
  };
  return device;
}
