// A tensor is a name, a shape and a place in a GPU buffer. Scratch tensors get their place when the
// recorder finishes, so that those which do not live at the same time share memory.

import { assert } from '@quern/spec';
import { STORAGE_BUFFER } from './buffer-usage.ts';

export interface Tensor {
  readonly name: string;
  /** Outermost first; elements are 4 bytes (f32, u32 or two packed f16). */
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** Where it lies; scratch tensors have none before the plan is finished. */
  readonly place: Place | undefined;
}

export interface Place {
  readonly buffer: GPUBuffer;
  readonly offset: number;
}

/** Some bytes of a buffer. */
export interface Region extends Place {
  readonly size: number;
}

export function elements(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

export function createTensor(
  device: GPUDevice,
  name: string,
  shape: readonly number[],
  usage: GPUBufferUsageFlags = STORAGE_BUFFER,
): Tensor & { readonly place: Place } {
  const byteLength = Math.max(16, elements(shape) * 4);
  const buffer = device.createBuffer({ label: name, size: Math.ceil(byteLength / 16) * 16, usage });
  return { name, shape, byteLength, place: { buffer, offset: 0 } };
}

/** A tensor with these words in it. */
export function uploadTensor(
  device: GPUDevice,
  name: string,
  data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
  shape: readonly number[] = [data.length],
): Tensor & { readonly place: Place } {
  assert(elements(shape) === data.length, `${name}: ${data.length} values for shape ${shape.join('x')}`);
  const tensor = createTensor(device, name, shape);
  device.queue.writeBuffer(tensor.place.buffer, 0, data);
  return tensor;
}
