// Every weight type Quern can decode, and the names of all that GGUF ever numbered, so that a file
// with another type can be told what it holds.

import { bf16 } from './bf16.ts';
import type { DType } from './dtype.ts';
import { f16 } from './f16.ts';
import { f32 } from './f32.ts';
import { fp8 } from './fp8.ts';
import { fp8_128 } from './fp8_128.ts';
import { int4 } from './int4.ts';
import { int4_128 } from './int4_128.ts';
import { int8 } from './int8.ts';
import { int8_128 } from './int8_128.ts';
import { iq1_m } from './iq1_m.ts';
import { iq1_s } from './iq1_s.ts';
import { iq2_s } from './iq2_s.ts';
import { iq2_xs } from './iq2_xs.ts';
import { iq2_xxs } from './iq2_xxs.ts';
import { iq3_s } from './iq3_s.ts';
import { iq3_xxs } from './iq3_xxs.ts';
import { iq4_nl } from './iq4_nl.ts';
import { iq4_xs } from './iq4_xs.ts';
import { mxfp4 } from './mxfp4.ts';
import { nvfp4 } from './nvfp4.ts';
import { q1_0 } from './q1_0.ts';
import { q2_0 } from './q2_0.ts';
import { q2_k } from './q2_k.ts';
import { q3_k } from './q3_k.ts';
import { q4_0 } from './q4_0.ts';
import { q4_1 } from './q4_1.ts';
import { q4_k } from './q4_k.ts';
import { q5_0 } from './q5_0.ts';
import { q5_1 } from './q5_1.ts';
import { q5_k } from './q5_k.ts';
import { q6_k } from './q6_k.ts';
import { q8_0 } from './q8_0.ts';
import { tq1_0 } from './tq1_0.ts';
import { tq2_0 } from './tq2_0.ts';

/** The types of GGUF. A new type is a file and a line here. */
export const DTYPES: readonly DType[] = [
  f32,
  f16,
  bf16,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q8_0,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,
  iq1_s,
  iq1_m,
  iq2_xxs,
  iq2_xs,
  iq2_s,
  iq3_xxs,
  iq3_s,
  iq4_nl,
  iq4_xs,
  mxfp4,
  tq1_0,
  tq2_0,
  nvfp4,
  q1_0,
  q2_0,
];

/** Types that no file holds as such: what packed checkpoints are read as. */
export const PACKED_DTYPES: readonly DType[] = [int4, int4_128, int8, int8_128, fp8, fp8_128];

/**
 * GGUF's type numbers (enum ggml_type in ggml.h). Gaps are numbers that were never given out; types
 * marked there as removed keep their names here because old files still carry them.
 */
const GGUF_TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'F32'],
  [1, 'F16'],
  [2, 'Q4_0'],
  [3, 'Q4_1'],
  [4, 'Q4_2'],
  [5, 'Q4_3'],
  [6, 'Q5_0'],
  [7, 'Q5_1'],
  [8, 'Q8_0'],
  [9, 'Q8_1'],
  [10, 'Q2_K'],
  [11, 'Q3_K'],
  [12, 'Q4_K'],
  [13, 'Q5_K'],
  [14, 'Q6_K'],
  [15, 'Q8_K'],
  [16, 'IQ2_XXS'],
  [17, 'IQ2_XS'],
  [18, 'IQ3_XXS'],
  [19, 'IQ1_S'],
  [20, 'IQ4_NL'],
  [21, 'IQ3_S'],
  [22, 'IQ2_S'],
  [23, 'IQ4_XS'],
  [24, 'I8'],
  [25, 'I16'],
  [26, 'I32'],
  [27, 'I64'],
  [28, 'F64'],
  [29, 'IQ1_M'],
  [30, 'BF16'],
  [31, 'Q4_0_4_4'],
  [32, 'Q4_0_4_8'],
  [33, 'Q4_0_8_8'],
  [34, 'TQ1_0'],
  [35, 'TQ2_0'],
  [36, 'IQ4_NL_4_4'],
  [37, 'IQ4_NL_4_8'],
  [38, 'IQ4_NL_8_8'],
  [39, 'MXFP4'],
  [40, 'NVFP4'],
  [41, 'Q1_0'],
  [42, 'Q2_0'],
]);

const byId = new Map(DTYPES.map((type) => [type.id, type]));
const byName = new Map([...DTYPES, ...PACKED_DTYPES].map((type) => [type.name, type]));

/** The type of a GGUF type number; undefined where Quern cannot decode it. */
export function dtypeById(id: number): DType | undefined {
  return byId.get(id);
}

/** The type of a name in lower case ('q4_k'); undefined where Quern cannot decode it. */
export function dtypeByName(name: string): DType | undefined {
  return byName.get(name);
}

/** GGUF's name of a type number ('Q4_K'), 'type 77' for one that this build has never heard of. */
export function ggufTypeName(id: number): string {
  return GGUF_TYPE_NAMES.get(id) ?? `type ${id}`;
}
