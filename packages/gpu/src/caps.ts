// What this adapter can do, as plain data: kernels choose their variants by it.

export interface Caps {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** Computes on the CPU (SwiftShader, lavapipe, WARP): other kernel shapes pay there. */
  readonly software: boolean;
  readonly f16: boolean;
  /** Undefined where the adapter has none. */
  readonly subgroups: { readonly min: number; readonly max: number } | undefined;
  /** dot4I8Packed and friends. */
  readonly dot4: boolean;
  readonly timestamps: boolean;
  readonly limits: Readonly<Record<LimitName, number>>;
}

/** Limits that are asked for up to what the adapter has. */
export const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupsPerDimension',
] as const;

export type LimitName = (typeof LIMITS)[number];

/** Features that are asked for where the adapter has them. */
export const FEATURES = ['shader-f16', 'subgroups', 'timestamp-query'] as const;

export function readCaps(adapter: GPUAdapter, wgslFeatures: ReadonlySet<string>): Caps {
  const info = adapter.info;
  const has = (name: string) => adapter.features.has(name as GPUFeatureName);
  const words = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`.toLowerCase();
  return {
    vendor: info.vendor,
    architecture: info.architecture,
    device: info.device,
    description: info.description,
    software: info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render/.test(words),
    f16: has('shader-f16'),
    subgroups: has('subgroups')
      ? { min: info.subgroupMinSize || 4, max: info.subgroupMaxSize || 128 }
      : undefined,
    dot4: wgslFeatures.has('packed_4x8_integer_dot_product'),
    timestamps: has('timestamp-query'),
    limits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])) as Record<
      LimitName,
      number
    >,
  };
}
