// Tensors with given words, and the step buffer of kernels/lib/step.wgsl.

import type { Gpu, Place, Tensor } from '@quern/gpu';
import type { Tools } from './tools.ts';

type Placed = Tensor & { readonly place: Place };

export function tensorOf(
  gpu: Gpu,
  { createTensor }: Tools,
  words: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
  shape: readonly number[] = [words.length],
): Placed {
  const tensor = createTensor(gpu.device, 'self-test', shape);
  gpu.device.queue.writeBuffer(tensor.place.buffer, 0, words);
  return tensor;
}

/** `rows` live rows of slot 0, at positions from `first` on. */
export function stepOf(gpu: Gpu, tools: Tools, rows: number, first = 0): Placed {
  const words = new Uint32Array(4 + rows * 4);
  words[0] = rows;
  for (let row = 0; row < rows; row++) words[4 + row * 4 + 1] = first + row;
  return tensorOf(gpu, tools, words);
}
