// WebGPU without models: device and caps, tensors, recorder, plan, readback, profiler.
export type { Caps } from './caps.ts';
export { type Gpu, openGpu } from './device.ts';
export type { BindingKind, Kernel } from './kernel.ts';
export { Plan } from './plan.ts';
export { readBuffer, ReadbackRing } from './readback.ts';
export { type Bound, type Dispatch, Recorder, type RecorderOptions } from './recorder.ts';
export { createTensor, elements, type Place, type Tensor, uploadTensor } from './tensor.ts';
