import type { Caps } from '@quern/gpu';
import type { AdapterInfo } from '@quern/spec';

/** Caps in the words of the public API. */
export function adapterInfo(caps: Caps): AdapterInfo {
  const { subgroups } = caps;
  return {
    vendor: caps.vendor,
    architecture: caps.architecture,
    device: caps.device,
    description: caps.description,
    software: caps.software,
    features: [
      caps.f16 && 'shader-f16',
      subgroups && `subgroups ${subgroups.min}-${subgroups.max}`,
      caps.dot4 && 'packed_4x8_integer_dot_product',
      caps.timestamps && 'timestamp-query',
    ].filter((feature): feature is string => typeof feature === 'string'),
    limits: { ...caps.limits },
  };
}
