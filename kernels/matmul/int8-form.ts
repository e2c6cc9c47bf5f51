// The matmul's forms in integer arithmetic (`numerics: 'fast'`): the mappings of GPUs, on activations in bytes. Software
// adapters emulate the dot product of bytes, which costs them more than it saves.

import { packedTraits } from '../quant/index.ts';
import type { Variants } from '../lib/variants.ts';
import type { Weight } from '../lib/weight.ts';
import type { MatmulForm } from './matmul.ts';
import tile from './matmul_int8_tile.wgsl?raw';
import workgroup from './matmul_int8_workgroup.wgsl?raw';

const MAINS: Readonly<Record<string, string>> = { tile, workgroup };

/** That of a workgroup's float form, if it was asked for and the weights are of integers; else undefined. */
export function int8Form(
  variants: Variants,
  { dtype }: Weight,
  form: MatmulForm,
  few: boolean,
): MatmulForm | undefined {
  const activations = few ? variants.gemvActivations : variants.gemmActivations;
  const traits = packedTraits(dtype);
  if (activations !== 'int8' || form.byThread || !traits) return undefined;
  return {
    ...form,
    name: `int8-${form.name}`,
    main: MAINS[form.name]!,
    conditions: {
      wide: traits.includes('wide'),
      halves: traits.includes('halves'),
    },
  };
}
