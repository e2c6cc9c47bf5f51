// The ops: each checks shapes, picks a variant, and records a dispatch with the bytes it moves and its flops.
export { attention, type AttentionOptions } from './attention/attention.ts';
export { embed, type EmbedOptions } from './embed/embed.ts';
export { glu, type GluOptions } from './glu/glu.ts';
export { lastRow, type LastRowOptions } from './last-row/last-row.ts';
export { type KvShape, PAGE_TOKENS, pageBytes } from './lib/kv.ts';
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
export { rmsNorm, type RmsNormOptions } from './rms-norm/rms-norm.ts';
export { angleTable, type RopeAngles, ropeFrequencies } from './rope-append/angles.ts';
export { ropeAppend, type RopeAppendOptions } from './rope-append/rope-append.ts';
