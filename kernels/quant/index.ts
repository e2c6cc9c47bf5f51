// The decode of each weight type, by the type's name: one WGSL file a type, each with the same function.
//
//   fn load_group(q_row: u32, s_row: u32, g: u32) -> Group
//
// the 32 weights of group g of the row whose quants begin at vec4 q_row and whose scales at word s_row.

import bytes from '../lib/bytes.wgsl?raw';
import fifthBit from '../lib/fifth_bit.wgsl?raw';
import group from '../lib/group.wgsl?raw';
import sixBitScales from '../lib/six_bit_scales.wgsl?raw';
import weightBindings from '../lib/weight_bindings.wgsl?raw';
import bf16 from './bf16.wgsl?raw';
import f16 from './f16.wgsl?raw';
import f32 from './f32.wgsl?raw';
import q4_0 from './q4_0.wgsl?raw';
import q4_1 from './q4_1.wgsl?raw';
import q4_k from './q4_k.wgsl?raw';
import q5_0 from './q5_0.wgsl?raw';
import q5_1 from './q5_1.wgsl?raw';
import q6_k from './q6_k.wgsl?raw';
import q8_0 from './q8_0.wgsl?raw';
import type { DType } from '@quern/dtypes';
import { QuernError } from '@quern/spec';

const DECODERS: Readonly<Record<string, string>> = {
  bf16,
  f16,
  f32,
  q4_0,
  q4_1,
  q4_k,
  q5_0,
  q5_1,
  q6_k,
  q8_0,
};

/** Names of the types that the GPU decodes. */
export const QUANTS: readonly string[] = Object.keys(DECODERS);

/** The modules that a kernel needs to read weights of this type. Throws 'unsupported-dtype'. */
export function weightModules(dtype: DType): Record<string, string> {
  const weight = DECODERS[dtype.name];
  if (!weight) {
    throw new QuernError(
      'unsupported-dtype',
      `No kernel reads ${dtype.name} weights. The types that run: ${QUANTS.join(', ')}.`,
    );
  }
  return {
    weight,
    bytes,
    group,
    fifth_bit: fifthBit,
    six_bit_scales: sixBitScales,
    weight_bindings: weightBindings,
  };
}
