// Experts in MXFP4 as checkpoints of gpt-oss have them: bytes of nibbles [experts, rows, blocks, 16] and bytes
// of exponents [experts, rows, blocks], which no type of safetensors describes.

import { mxfp4, mxfp4Blocks, mxfp4Scales, type TensorInfo } from '@quern/dtypes';
import type { UnsupportedTensor } from '@quern/formats';

/** One of the two, by its name in GGUF's words; undefined for anything else. */
export function packedHalf({
  name,
  typeName,
  shape,
  file,
  offset,
}: UnsupportedTensor): TensorInfo | undefined {
  if (typeName !== 'U8') return undefined;
  const byteLength = shape.reduce((product, n) => product * n, 1);
  const [experts, rows, blocks, bytes] = shape as [number, number, number, number];
  const blocksHere = name.endsWith('_exps.blocks') && shape.length === 4 && bytes === mxfp4Blocks.blockBytes;
  if (blocksHere) {
    const whole = [experts, rows, blocks * mxfp4.blockSize];
    return { name, dtype: mxfp4Blocks, shape: whole, file, offset, byteLength };
  }
  const scalesHere = name.endsWith('_exps.scales') && shape.length === 3;
  return scalesHere ? { name, dtype: mxfp4Scales, shape, file, offset, byteLength } : undefined;
}
