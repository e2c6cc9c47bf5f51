// What `quantization_config` says of how a checkpoint's weights are packed (quantize_config.json in old GPTQ
// folders): the part that is needed to read them, or why they cannot be read.

import { ConfigReader } from './config-reader.ts';
import { isJson, type Json } from './folder-files.ts';

export type Quantization =
  | {
      readonly kind: 'gptq';
      /** What most tensors have; those with a g_idx tell their own. */
      readonly bits: number;
      /** Inputs that share a scale; 0 = all. */
      readonly group: number;
      /** Inputs are grouped in the order in which they were quantised (desc_act). */
      readonly ordered: boolean;
      /** Added to the zero points as they are stored: version 1 subtracts one of them. */
      readonly zeroOffset: 0 | 1;
    }
  | { readonly kind: 'awq'; readonly bits: number; readonly group: number }
  /** Outputs and inputs that share a scale, where scales are a matrix. */
  | { readonly kind: 'fp8'; readonly block: readonly [number, number] };

export type FoundQuantization =
  { readonly quantization?: Quantization; readonly refused?: undefined } | { readonly refused: string };

/** Undefined `quantization` for a plain checkpoint. Throws 'corrupt-file' for values of the wrong kind. */
export function findQuantization(config: Json, quantizeConfig: Json | undefined): FoundQuantization {
  const text = isJson(config['text_config']) ? config['text_config'] : {};
  const json = config['quantization_config'] ?? text['quantization_config'] ?? quantizeConfig;
  if (!isJson(json)) return {};
  const reader = new ConfigReader(json);
  const method = reader.string('quant_method') ?? (quantizeConfig === json ? 'gptq' : 'unnamed');
  if (method === 'gptq') return gptq(reader);
  if (method === 'awq') return awq(reader);
  if (method === 'fp8' || method === 'fbgemm_fp8') return fp8(reader);
  if (method === 'compressed-tensors' && reader.string('format') === 'float-quantized') return fp8(reader);
  // What gpt-oss has in it are whole tensors, known by their names.
  if (method === 'mxfp4') return {};
  const format = reader.string('format', 'quant_algo');
  return refuse(`packed by '${method}'${format === undefined ? '' : ` as '${format}'`}`);
}

function gptq(reader: ConfigReader): FoundQuantization {
  const format = reader.string('checkpoint_format') ?? 'gptq';
  if (format !== 'gptq' && format !== 'gptq_v2') return refuse(`packed by GPTQ in the layout '${format}'`);
  if (reader.flag('is_marlin_format') === true) return refuse('packed by GPTQ in the layout of Marlin');
  return {
    quantization: {
      kind: 'gptq',
      bits: reader.count('bits') ?? 4,
      group: groupSize(reader),
      ordered: reader.flag('desc_act') ?? false,
      zeroOffset: format === 'gptq' ? 1 : 0,
    },
  };
}

function awq(reader: ConfigReader): FoundQuantization {
  const version = (reader.string('version') ?? 'gemm').toLowerCase();
  if (version !== 'gemm') return refuse(`packed by AWQ in the layout '${version}'`);
  if (reader.flag('zero_point') === false) return refuse('packed by AWQ without zero points');
  return {
    quantization: { kind: 'awq', bits: reader.count('bits', 'w_bit') ?? 4, group: groupSize(reader) },
  };
}

function fp8(reader: ConfigReader): FoundQuantization {
  const format = reader.string('fmt') ?? 'e4m3';
  if (format !== 'e4m3') return refuse(`stored as FP8 of the kind '${format}'`);
  const [outputs = 128, inputs = 128] = reader.numbers('weight_block_size') ?? [];
  return { quantization: { kind: 'fp8', block: [outputs, inputs] } };
}

/** -1 stands for one group of all. */
function groupSize(reader: ConfigReader): number {
  const size = reader.number('group_size', 'q_group_size') ?? 128;
  return Math.max(0, Math.floor(size));
}

function refuse(how: string): FoundQuantization {
  return {
    refused: `its weights are ${how} (quantization_config), which is not read; F32, F16, BF16, FP8 (E4M3), GPTQ and AWQ (gemm) are`,
  };
}
