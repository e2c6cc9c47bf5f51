// The one door to WebGPU: finds an adapter, asks for every limit that helps, and turns what WebGPU
// reports aside (device loss, uncaptured errors) into QuernErrors that the next call throws.

import { QuernError } from '@quern/spec';
import { type Caps, FEATURES, LIMITS, readCaps } from './caps.ts';
import { PipelineCache } from './pipeline-cache.ts';

export interface Gpu {
  readonly device: GPUDevice;
  readonly caps: Caps;
  readonly pipelines: Pick<PipelineCache, 'get' | 'layout'>;
  /** Throws what has gone wrong since: 'device-lost', 'out-of-memory' or 'gpu-error'. */
  check(): void;
  /** Rejects when the device is lost; never resolves. */
  readonly lost: Promise<never>;
  /** True once destroyed or lost. */
  readonly dead: boolean;
  destroy(): void;
}

/** Throws 'webgpu-unavailable' with what would help. `entry` defaults to the platform's own. */
export async function openGpu(entry?: GPU): Promise<Gpu> {
  const { adapter, caps } = await openAdapter(entry);
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({
      label: 'quern',
      requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
      requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
    });
  } catch (cause) {
    throw new QuernError('webgpu-unavailable', `The adapter gave no device: ${String(cause)}`, { cause });
  }
  return watch(device, caps);
}

/** What `openGpu` would give, without a device: for plans of a load. Throws 'webgpu-unavailable'. */
export async function adapterCaps(entry?: GPU): Promise<Caps> {
  return (await openAdapter(entry)).caps;
}

async function openAdapter(
  entry: GPU | undefined = globalThis.navigator?.gpu,
): Promise<{ adapter: GPUAdapter; caps: Caps }> {
  if (!entry) {
    throw new QuernError(
      'webgpu-unavailable',
      'This platform has no WebGPU. It needs a secure page (https or localhost) and Chrome 113+, Edge 113+, ' +
        'Safari 26+ or Firefox 141+; in Node, the npm package "webgpu".',
    );
  }
  const adapter = await entry.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new QuernError(
      'webgpu-unavailable',
      'WebGPU is here but offers no adapter. Check that hardware acceleration is on and the graphics driver ' +
        'is not blocked (chrome://gpu), or allow a software adapter.',
    );
  }
  return { adapter, caps: readCaps(adapter, entry.wgslLanguageFeatures ?? new Set()) };
}

function watch(device: GPUDevice, caps: Caps): Gpu {
  let failure: QuernError | undefined;
  let dead = false;
  device.onuncapturederror = ({ error }) => {
    const outOfMemory = typeof GPUOutOfMemoryError === 'function' && error instanceof GPUOutOfMemoryError;
    failure ??= new QuernError(outOfMemory ? 'out-of-memory' : 'gpu-error', error.message);
  };
  const lost = device.lost.then((info): never => {
    dead = true;
    failure ??= new QuernError(
      info.reason === 'destroyed' ? 'unloaded' : 'device-lost',
      info.reason === 'destroyed'
        ? 'The engine was unloaded.'
        : `The GPU device was lost: ${info.message}. Load the model again.`,
    );
    throw failure;
  });
  lost.catch(() => undefined); // who awaits a readback sees it; nobody awaiting is no error
  return {
    device,
    caps,
    pipelines: new PipelineCache(device),
    lost,
    get dead() {
      return dead;
    },
    check() {
      if (failure) throw failure;
    },
    destroy() {
      dead = true;
      failure ??= new QuernError('unloaded', 'The engine was unloaded.');
      device.destroy();
    },
  };
}
