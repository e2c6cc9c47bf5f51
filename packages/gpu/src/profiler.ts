// Time of each kernel of a plan: a pass per dispatch, timestamps at its edges, summed by kernel name.

import { type KernelTiming, QuernError } from '@quern/spec';
import type { Gpu } from './device.ts';
import type { Plan } from './plan.ts';
import { readBuffer } from './readback.ts';

/** A query set holds at most 4096 timestamps (WebGPU), two a dispatch. */
const DISPATCHES_PER_SET = 2048;

export async function profilePlan(gpu: Gpu, plan: Plan): Promise<KernelTiming[]> {
  const { device, caps } = gpu;
  if (!caps.timestamps) {
    throw new QuernError(
      'webgpu-unavailable',
      'This adapter has no timestamp-query, so kernels cannot be timed.',
    );
  }
  const timings = new Map<string, KernelTiming>();
  for (let start = 0; start < plan.dispatches.length; start += DISPATCHES_PER_SET) {
    const part = plan.dispatches.slice(start, start + DISPATCHES_PER_SET);
    const querySet = device.createQuerySet({ type: 'timestamp', count: part.length * 2 });
    const resolved = device.createBuffer({
      label: 'timestamps',
      size: part.length * 16,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    const encoder = device.createCommandEncoder({ label: `${plan.label} profile` });
    part.forEach(({ pipeline, bindGroup, workgroups }, i) => {
      const pass = encoder.beginComputePass({
        timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
      });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
      pass.end();
    });
    encoder.resolveQuerySet(querySet, 0, part.length * 2, resolved, 0);
    device.queue.submit([encoder.finish()]);
    const nanoseconds = new BigUint64Array((await readBuffer(gpu, resolved, 0, part.length * 16)).buffer);
    part.forEach(({ kernel, bytes, flops }, i) => {
      const timing = timings.get(kernel) ?? { kernel, dispatches: 0, microseconds: 0, bytes: 0, flops: 0 };
      timing.dispatches += 1;
      timing.microseconds += Number(nanoseconds[2 * i + 1]! - nanoseconds[2 * i]!) / 1000;
      timing.bytes += bytes;
      timing.flops += flops;
      timings.set(kernel, timing);
    });
    querySet.destroy();
    resolved.destroy();
  }
  return [...timings.values()].sort((a, b) => b.microseconds - a.microseconds);
}
