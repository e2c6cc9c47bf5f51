// Runs ops of a kernel test: real buffers in, poisoned outputs out, and the measures they are held to.

import { createTensor, type Gpu, readBuffer, Recorder, type Tensor, uploadTensor } from '@quern/gpu';
import { chooseVariants } from '../lib/variants.ts';

export { random, randomF32 } from '../lib/random-rows.ts';

/** A quiet NaN with a pattern that no kernel writes. */
const POISON = 0x7fc0dead;

/** Records with `build`, runs once. `forced` variants lie over the adapter's own. */
export async function runOp(
  gpu: Gpu,
  build: (rec: Recorder) => void,
  forced: Record<string, string> = {},
): Promise<void> {
  const rec = new Recorder(gpu, { variants: { ...chooseVariants(gpu.caps, forced) } });
  build(rec);
  const plan = await rec.finish('test');
  const encoder = gpu.device.createCommandEncoder();
  plan.encode(encoder);
  gpu.device.queue.submit([encoder.finish()]);
  await gpu.device.queue.onSubmittedWorkDone();
  gpu.check();
  plan.destroy();
}

/** An output whose every word is poison, so that what a kernel leaves undone is seen. */
export function poisoned(gpu: Gpu, shape: readonly number[]): Tensor {
  const tensor = createTensor(gpu.device, 'output', shape);
  const words = new Uint32Array(Math.ceil(tensor.byteLength / 16) * 4).fill(POISON);
  gpu.device.queue.writeBuffer(tensor.place.buffer, 0, words);
  return tensor;
}

export async function readF32(gpu: Gpu, tensor: Tensor): Promise<Float32Array<ArrayBuffer>> {
  const { buffer, offset } = tensor.place!;
  return new Float32Array((await readBuffer(gpu, buffer, offset, tensor.byteLength)).buffer);
}

export async function readU32(gpu: Gpu, tensor: Tensor): Promise<Uint32Array<ArrayBuffer>> {
  return new Uint32Array((await readF32(gpu, tensor)).buffer);
}

export function upload(gpu: Gpu, values: Float32Array<ArrayBuffer>, shape: readonly number[]): Tensor {
  return uploadTensor(gpu.device, 'input', values, shape);
}

/** The step buffer of kernels/lib/step.wgsl. */
export function stepTensor(
  gpu: Gpu,
  rows: ReadonlyArray<{ token?: number; position?: number; slot?: number }>,
  live = rows.length,
): Tensor {
  const words = new Uint32Array(4 + rows.length * 4);
  words[0] = live;
  rows.forEach((row, i) => words.set([row.token ?? 0, row.position ?? 0, row.slot ?? 0, 0], 4 + i * 4));
  return uploadTensor(gpu.device, 'step', words);
}

/** Normalised mean squared error: sum (a - b)^2 / sum b^2. NaN anywhere gives NaN. */
export function nmse(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values for ${expected.length}`);
  let error = 0;
  let power = 0;
  for (let i = 0; i < expected.length; i++) {
    error += (actual[i]! - expected[i]!) ** 2;
    power += expected[i]! ** 2;
  }
  return power === 0 ? error : error / power;
}
