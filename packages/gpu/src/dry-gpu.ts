// A device that allocates and computes nothing: what would be placed on a GPU is placed here by the very code that
// does it there, so that its sizes are known, and refused, before a byte of a model has come.

import { QuernError } from '@quern/spec';
import type { Caps } from './caps.ts';
import type { Gpu } from './device.ts';

const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** Those of a GPU that binds whatever it is given: for plans where no adapter is known. */
export const UNKNOWN_ADAPTER: Caps = {
  vendor: '',
  architecture: '',
  device: '',
  description: '',
  software: false,
  f16: false,
  subgroups: undefined,
  dot4: false,
  timestamps: false,
  limits: {
    maxBufferSize: NO_LIMIT,
    maxStorageBufferBindingSize: NO_LIMIT,
    // WebGPU's defaults.
    maxStorageBuffersPerShaderStage: 8,
    maxComputeWorkgroupStorageSize: 16384,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupSizeX: 256,
    maxComputeWorkgroupSizeY: 256,
    maxComputeWorkgroupsPerDimension: 65535,
  },
};

/**
 * A Gpu of an adapter with these caps, for laying out and recording; nothing that it makes can run. A buffer or a
 * binding beyond the limits throws 'out-of-memory' with both numbers.
 */
export function dryGpu(caps: Caps): Gpu {
  const { maxBufferSize, maxStorageBufferBindingSize } = caps.limits;
  const device = {
    queue: { writeBuffer: () => undefined },
    createBuffer({ label, size }: GPUBufferDescriptor) {
      refuse(label, size, maxBufferSize, 'has buffers of');
      return { label, size, destroy: () => undefined };
    },
    createBindGroup({ label, entries }: GPUBindGroupDescriptor) {
      for (const { resource } of entries) {
        const { buffer, size = 0 } = resource as GPUBufferBinding;
        refuse(`${label}: ${buffer.label}`, size, maxStorageBufferBindingSize, 'binds');
      }
      return {};
    },
  };
  const pipelines = { layout: () => ({}), get: async () => ({}) };
  const dry = { device, pipelines } as unknown as Pick<Gpu, 'device' | 'pipelines'>;
  return {
    ...dry,
    caps,
    lost: new Promise<never>(() => undefined),
    dead: false,
    check: () => undefined,
    destroy: () => undefined,
  };
}

function refuse(what: string | undefined, bytes: number, most: number, can: string): void {
  if (bytes <= most) return;
  throw new QuernError('out-of-memory', `${what} takes ${bytes} bytes; this adapter ${can} ${most} at most.`);
}
