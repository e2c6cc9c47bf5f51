// The decode of each weight type, by the type's name: one WGSL file a type, each with one of two functions for the 32
// weights of group g of the row whose quants begin at vec4 q_row and whose scales at word s_row.
//
//   fn load_packed(q_row: u32, s_row: u32, g: u32) -> Packed    as bytes, of which lib/packed_group.wgsl makes floats
//   fn load_group(q_row: u32, s_row: u32, g: u32) -> Group      as floats, for types that are no integers or have a
//                                                               shorter way than over bytes

import bytes from '../lib/bytes.wgsl?raw';
import codebookEights from '../lib/codebook_eights.wgsl?raw';
import f16Scale from '../lib/f16_scale.wgsl?raw';
import fifthBit from '../lib/fifth_bit.wgsl?raw';
import fourDots from '../lib/four_dots.wgsl?raw';
import fp4 from '../lib/fp4.wgsl?raw';
import fp8Group from '../lib/fp8_group.wgsl?raw';
import group from '../lib/group.wgsl?raw';
import groupDot from '../lib/group_dot.wgsl?raw';
import integerGroup from '../lib/integer_group.wgsl?raw';
import iq1Group from '../lib/iq1_group.wgsl?raw';
import iq2Group from '../lib/iq2_group.wgsl?raw';
import iq3Group from '../lib/iq3_group.wgsl?raw';
import iq4Values from '../lib/iq4_values.wgsl?raw';
import iqSigns from '../lib/iq_signs.wgsl?raw';
import nibbles from '../lib/nibbles.wgsl?raw';
import oneBit from '../lib/one_bit.wgsl?raw';
import packedWords from '../lib/packed.wgsl?raw';
import packedDot from '../lib/packed_dot.wgsl?raw';
import packedGroup from '../lib/packed_group.wgsl?raw';
import sixBitScales from '../lib/six_bit_scales.wgsl?raw';
import twoBits from '../lib/two_bits.wgsl?raw';
import weightBindings from '../lib/weight_bindings.wgsl?raw';
import bf16 from './bf16.wgsl?raw';
import f16 from './f16.wgsl?raw';
import f32 from './f32.wgsl?raw';
import fp8 from './fp8.wgsl?raw';
import fp8_128 from './fp8_128.wgsl?raw';
import int4 from './int4.wgsl?raw';
import int4_128 from './int4_128.wgsl?raw';
import int8 from './int8.wgsl?raw';
import int8_128 from './int8_128.wgsl?raw';
import iq1_m from './iq1_m.wgsl?raw';
import iq1_s from './iq1_s.wgsl?raw';
import iq2_s from './iq2_s.wgsl?raw';
import iq2_xs from './iq2_xs.wgsl?raw';
import iq2_xxs from './iq2_xxs.wgsl?raw';
import iq3_s from './iq3_s.wgsl?raw';
import iq3_xxs from './iq3_xxs.wgsl?raw';
import iq4_nl from './iq4_nl.wgsl?raw';
import iq4_xs from './iq4_xs.wgsl?raw';
import mxfp4 from './mxfp4.wgsl?raw';
import nvfp4 from './nvfp4.wgsl?raw';
import q1_0 from './q1_0.wgsl?raw';
import q2_0 from './q2_0.wgsl?raw';
import q2_k from './q2_k.wgsl?raw';
import q3_k from './q3_k.wgsl?raw';
import q4_0 from './q4_0.wgsl?raw';
import q4_1 from './q4_1.wgsl?raw';
import q4_k from './q4_k.wgsl?raw';
import q5_0 from './q5_0.wgsl?raw';
import q5_1 from './q5_1.wgsl?raw';
import q5_k from './q5_k.wgsl?raw';
import q6_k from './q6_k.wgsl?raw';
import q8_0 from './q8_0.wgsl?raw';
import tq1_0 from './tq1_0.wgsl?raw';
import tq2_0 from './tq2_0.wgsl?raw';
import type { DType } from '@quern/dtypes';
import { QuernError } from '@quern/spec';
import type { Variants } from '../lib/variants.ts';

/**
 * What arithmetic asks of a type's bytes: whether codes go beyond 127, whether the two halves of a group have scales of
 * their own, and whether they are the low and the high nibbles of the same bytes.
 */
export type PackedTrait = 'wide' | 'halves' | 'nibbles';

interface Decoder {
  /** The module that has `load_group`, and the one that has `load_packed`. */
  readonly group: string;
  readonly packed?: string;
  readonly traits: readonly PackedTrait[];
}

const floats = (group: string): Decoder => ({ group, traits: [] });

const packed = (text: string, ...traits: PackedTrait[]): Decoder => ({
  group: packedGroup,
  packed: text,
  traits,
});

const DECODERS: Readonly<Record<string, Decoder>> = {
  bf16: floats(bf16),
  f16: floats(f16),
  f32: floats(f32),
  fp8: floats(fp8),
  fp8_128: floats(fp8_128),
  int4: packed(int4, 'nibbles'),
  int4_128: packed(int4_128, 'nibbles'),
  int8: packed(int8, 'wide'),
  int8_128: packed(int8_128, 'wide'),
  iq1_m: packed(iq1_m, 'halves'),
  iq1_s: packed(iq1_s),
  iq2_s: packed(iq2_s, 'wide', 'halves'),
  iq2_xs: packed(iq2_xs, 'wide', 'halves'),
  iq2_xxs: packed(iq2_xxs, 'wide'),
  iq3_s: packed(iq3_s, 'wide'),
  iq3_xxs: packed(iq3_xxs, 'wide'),
  iq4_nl: { ...packed(iq4_nl, 'wide'), group: iq4_nl },
  iq4_xs: { ...packed(iq4_xs, 'wide'), group: iq4_xs },
  mxfp4: packed(mxfp4),
  nvfp4: packed(nvfp4, 'halves'),
  q1_0: packed(q1_0),
  q2_0: packed(q2_0),
  q2_k: packed(q2_k, 'halves'),
  q3_k: packed(q3_k, 'halves'),
  q4_0: packed(q4_0, 'nibbles'),
  q4_1: packed(q4_1, 'nibbles'),
  q4_k: packed(q4_k),
  q5_0: packed(q5_0),
  q5_1: packed(q5_1),
  q5_k: packed(q5_k),
  q6_k: packed(q6_k, 'halves'),
  q8_0: packed(q8_0, 'wide'),
  tq1_0: packed(tq1_0),
  tq2_0: packed(tq2_0),
};

/** What decoders share, by the names that they import. */
const SHARED: Readonly<Record<string, string>> = {
  bytes,
  codebook_eights: codebookEights,
  f16_scale: f16Scale,
  fifth_bit: fifthBit,
  four_dots: fourDots,
  fp4,
  fp8_group: fp8Group,
  group,
  integer_group: integerGroup,
  iq1_group: iq1Group,
  iq2_group: iq2Group,
  iq3_group: iq3Group,
  iq4_values: iq4Values,
  iq_signs: iqSigns,
  nibbles,
  one_bit: oneBit,
  packed: packedWords,
  six_bit_scales: sixBitScales,
  two_bits: twoBits,
  weight_bindings: weightBindings,
};

/** Names of the types that the GPU decodes. */
export const QUANTS: readonly string[] = Object.keys(DECODERS);

/** The modules that a kernel needs to read weights of this type. Throws 'unsupported-dtype'. */
export function weightModules(dtype: DType): Record<string, string> {
  const decoder = DECODERS[dtype.name];
  if (!decoder) {
    throw new QuernError(
      'unsupported-dtype',
      `No kernel reads ${dtype.name} weights. The types that run: ${QUANTS.join(', ')}.`,
    );
  }
  const { group: weight, packed } = decoder;
  const group_dot = weight === packedGroup ? packedDot : groupDot;
  return { ...SHARED, weight, group_dot, ...(packed !== undefined && { packed_weight: packed }) };
}

/** Of types that have `load_packed`; undefined for those that are floats only. */
export function packedTraits(dtype: DType): readonly PackedTrait[] | undefined {
  const decoder = DECODERS[dtype.name];
  return decoder?.packed === undefined ? undefined : decoder.traits;
}

/** Conditions of a kernel for software adapters that multiplies by weights of this type, a thread for some results. */
export function threadConditions(
  variants: Variants,
  dtype: DType,
  oneRow: boolean,
): Record<'masked' | 'pairs' | 'quads', boolean> {
  const traits = packedTraits(dtype);
  return {
    // No shifts where there are bytes to unpack.
    masked: traits !== undefined,
    // One row needs no floats that are kept, and takes nibbles from the bytes as it multiplies.
    pairs: oneRow && traits !== undefined && traits.includes('nibbles'),
    // Loads of x are shared by four threads.
    quads: variants.subgroups === 'on',
  };
}
