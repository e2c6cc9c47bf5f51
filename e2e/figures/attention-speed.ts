// Speed of the attention of one decoded row over so many keys, beside what the roofline leaves. Keys and values are ones,
// so that the answer is known.

import { createTensor, type Gpu, readBuffer, secondsOf, type Tensor, uploadTensor } from '@quern/gpu';
import { attention, chooseVariants, type KvShape, PAGE_TOKENS, pageBytes } from '@quern/kernels';
import { type KvType, QuernError, type Roofline } from '@quern/spec';

export interface AttentionShape {
  type: KvType;
  heads: { size: number; count: number; kv: number };
  keys: number;
}

export interface AttentionSpeed extends AttentionShape {
  seconds: number;
  /** Of keys and values that are read. */
  bytesPerSecond: number;
  flopsPerSecond: number;
  /** Share of the roofline. */
  share: number;
}

/** Layers that are gone through in turn, so that no cache of a GPU holds their keys and values. */
const LAYERS = 8;

/** Throws 'gpu-error' where the answer is wrong. `forced`: variants, axis -> value. */
export async function attentionSpeed(
  gpu: Gpu,
  limits: Roofline,
  { type, heads, keys }: AttentionShape,
  forced: Record<string, string> = {},
): Promise<AttentionSpeed> {
  const shape: KvShape = { type, kvHeads: heads.kv, keyDim: heads.size, valueDim: heads.size };
  const pages = Math.ceil(keys / PAGE_TOKENS);
  const tensors: Tensor[] = [];
  const take = (tensor: Tensor): Tensor => (tensors.push(tensor), tensor);
  try {
    const ones = pageOfOnes(shape);
    const layers = Array.from({ length: LAYERS }, (_, i) => {
      const kv = take(createTensor(gpu.device, `kv ${i}`, [pages * ones.length]));
      for (let page = 0; page < pages; page++)
        gpu.device.queue.writeBuffer(kv.place!.buffer, page * ones.byteLength, ones);
      return kv;
    });
    const wide = heads.count * heads.size;
    const q = take(uploadTensor(gpu.device, 'q', new Float32Array(wide).fill(0.5), [1, wide]));
    const y = take(createTensor(gpu.device, 'y', [1, wide]));
    const pageTable = take(
      uploadTensor(
        gpu.device,
        'pages',
        Uint32Array.from({ length: pages }, (_, i) => i),
        [1, pages],
      ),
    );
    const step = take(uploadTensor(gpu.device, 'step', Uint32Array.of(1, 0, 0, 0, 0, keys - 1, 0, 0)));
    const common = { q, heads: heads.count, shape, scale: heads.size ** -0.5, oneSequence: false, keys };
    const all = await secondsOf(
      gpu,
      (rec) => {
        for (const kv of layers) attention(rec, { ...common, step, pageTable, kv, y });
      },
      { variants: { ...chooseVariants(gpu.caps, forced) } },
    );
    const values = new Float32Array((await readBuffer(gpu, y.place!.buffer, 0, wide * 4)).buffer);
    const wrong = values.findIndex((value) => !(Math.abs(value - 1) < 1e-4));
    if (wrong >= 0) {
      throw new QuernError(
        'gpu-error',
        `The adapter computes wrong: attention over ${keys} ones gives ${values[wrong]} at ${wrong}, so its speed says nothing.`,
      );
    }
    const seconds = all / LAYERS;
    const bytes = (keys * pageBytes(shape)) / PAGE_TOKENS;
    const flops = 4 * keys * wide;
    return {
      type,
      heads,
      keys,
      seconds,
      bytesPerSecond: bytes / seconds,
      flopsPerSecond: flops / seconds,
      share: Math.max(bytes / limits.bytesPerSecond, flops / limits.flopsPerSecond) / seconds,
    };
  } finally {
    for (const { place } of tensors) place?.buffer.destroy();
  }
}

/** A page whose keys and values are all 1: kernels/lib/kv.ts has the layout. */
function pageOfOnes(shape: KvShape): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(pageBytes(shape) / 4);
  if (shape.type === 'f32') return words.fill(0x3f80_0000);
  if (shape.type === 'f16') return words.fill(0x3c00_3c00);
  // Rows of bytes, then their scales.
  const [bytes, scales] = [shape.keyDim / 4, Math.ceil(shape.keyDim / 32)];
  for (let row = 0; row < words.length; row += bytes + scales) {
    words.fill(0x0101_0101, row, row + bytes);
    words.fill(0x3f80_0000, row + bytes, row + bytes + scales);
  }
  return words;
}
