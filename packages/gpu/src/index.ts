// WebGPU without models: device and caps, tensors, recorder, plan, readback, profiler.
export { Arena, OWN_BUFFER_BYTES } from './arena.ts';
export { STORAGE_BUFFER } from './buffer-usage.ts';
export type { Caps } from './caps.ts';
export { adapterCaps, type Gpu, openGpu } from './device.ts';
export { dryGpu, UNKNOWN_ADAPTER } from './dry-gpu.ts';
export type { BindingKind, Kernel } from './kernel.ts';
export { Plan, type PlanRange } from './plan.ts';
export { profilePlan } from './profiler.ts';
export { promptly, queueDone } from './queue-done.ts';
export { readBuffer, ReadbackRing } from './readback.ts';
export { type Bound, type Dispatch, Recorder, type RecorderOptions } from './recorder.ts';
export { median, secondsOf } from './stopwatch.ts';
export { type Mismatch, Upload, type Uploader } from './upload.ts';
export { ScratchPool } from './scratch.ts';
export { createTensor, elements, type Place, type Region, type Tensor, uploadTensor } from './tensor.ts';
