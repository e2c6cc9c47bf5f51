// The ops: each checks shapes, picks a variant, and records a dispatch with the bytes it moves and its flops.
export { chooseVariants, type Variants } from './lib/variants.ts';
export {
  createWeight,
  destroyWeight,
  fitsOnePart,
  type Weight,
  weightBytes,
  writeRows,
} from './lib/weight.ts';
export { matmul, type MatmulOptions } from './matmul/matmul.ts';
export { QUANTS } from './quant/index.ts';
