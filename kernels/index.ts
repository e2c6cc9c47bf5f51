// The ops: each checks shapes, picks a variant, and records a dispatch with the bytes it moves and its flops.
export {
  advance,
  type AdvanceLogprobs,
  type AdvanceOptions,
  readRecord,
  recordWords,
  type StepRecord,
} from './advance/advance.ts';
export { attention, type AttentionOptions, type Reach } from './attention/attention.ts';
export { clamp, type ClampOptions } from './clamp/clamp.ts';
export { draw, type DrawOptions } from './draw/draw.ts';
export { SAMPLER_WORDS, samplerWords } from './draw/sampler.ts';
export { embed, type EmbedOptions } from './embed/embed.ts';
export { type Activation, glu, type GluOptions } from './glu/glu.ts';
export { headMatmul, type HeadMatmulOptions } from './matmul/head-matmul.ts';
export { headNorm, type HeadNormOptions } from './head-norm/head-norm.ts';
export { latentAppend, type LatentAppendOptions } from './latent-append/latent-append.ts';
export { lastRow, type LastRowOptions } from './last-row/last-row.ts';
export {
  createExpertWeight,
  destroyExpertWeight,
  type ExpertWeight,
  fitsWhole,
  writeExpertRows,
} from './lib/expert-weight.ts';
export { type KvShape, PAGE_TOKENS, pageBytes } from './lib/kv.ts';
export { loraAdd, type LoraAddOptions } from './lora-add/lora-add.ts';
export {
  AXES,
  AXIS_NAMES,
  type AxisName,
  chooseVariants,
  KERNELS_BUILD,
  lacks,
  numericsOf,
  valuesOn,
  type Variants,
  type Work,
} from './lib/variants.ts';
export { createWeight, destroyWeight, fitsOnePart, type Weight, writeRows } from './lib/weight.ts';
export { type FoldedNorm, foldsNorm, matmul, type MatmulOptions } from './matmul/matmul.ts';
export {
  type ExpertActivation,
  moeMatmul,
  type MoeMatmulOptions,
  sortedHeight,
} from './moe-matmul/moe-matmul.ts';
export {
  moeRoute,
  type MoeRouteOptions,
  MOST_EXPERTS,
  MOST_USED,
  type Routing,
} from './moe-route/moe-route.ts';
export { moeSort, type MoeSortOptions, mostTiles, type Sorted } from './moe-sort/moe-sort.ts';
export { moeSpread, type MoeSpreadOptions } from './moe-spread/moe-spread.ts';
export { moeSum, type MoeSumOptions } from './moe-sum/moe-sum.ts';
export { norm, type NormOptions } from './norm/norm.ts';
export { biasWords, penalize, type PenalizeOptions, SEEN_IN_PROMPT } from './penalize/penalize.ts';
export { GROUP_WORDS, quantize, type QuantizeOptions } from './quantize/quantize.ts';
export { permute, type PermuteOptions } from './permute/permute.ts';
export { probeCopy, probeTurn } from './probe/probe.ts';
export { QUANTS } from './quant/index.ts';
export { angleTable, type RopeAngles, ropeFrequencies } from './rope-append/angles.ts';
export { ropeAppend, type RopeAppendOptions } from './rope-append/rope-append.ts';
export { scale, type ScaleOptions } from './scale/scale.ts';
export {
  shortConv,
  shortConvGate,
  type ShortConvGateOptions,
  type ShortConvOptions,
} from './short-conv/short-conv.ts';
export { softcap, type SoftcapOptions } from './softcap/softcap.ts';
export { temper, type Temperature, type TemperOptions } from './temper/temper.ts';
export { tokenLogprob, type TokenLogprobOptions } from './token-logprob/token-logprob.ts';
export { topK, type TopKOptions } from './top-k/top-k.ts';
