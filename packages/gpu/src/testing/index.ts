// A GPU for tests that run in Node. No adapter is a failure, never a skip. One Gpu per process, as Dawn
// keeps its threads for good.

import { type Gpu, openGpu } from '../device.ts';
import { openDawn } from '../node/index.ts';

let opened: Promise<Gpu> | undefined;

export function openTestGpu(): Promise<Gpu> {
  opened ??= open();
  return opened;
}

async function open(): Promise<Gpu> {
  const gpu = await openGpu(await openDawn());
  const { vendor, architecture, subgroups, f16 } = gpu.caps;
  const has = [subgroups && `subgroups ${subgroups.min}-${subgroups.max}`, f16 && 'f16'].filter(Boolean);
  process.stderr.write(`adapter: ${vendor} ${architecture} (${has.join(', ') || 'base features'})\n`);
  return gpu;
}
