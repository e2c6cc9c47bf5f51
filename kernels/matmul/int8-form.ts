// The matmul's forms in integer arithmetic (`numerics: 'fast'`): the same mappings, on activations in bytes.

import { packedTraits } from '../quant/index.ts';
import type { Variants } from '../lib/variants.ts';
import type { Weight } from '../lib/weight.ts';
import type { MatmulForm } from './matmul.ts';
import thread from './matmul_int8_thread.wgsl?raw';
import tile from './matmul_int8_tile.wgsl?raw';
import workgroup from './matmul_int8_workgroup.wgsl?raw';

const MAINS: Readonly<Record<string, string>> = { thread, tile, workgroup };

/** That of a float form, if it was asked for and the weights are of integers; else undefined. */
export function int8Form(
  variants: Variants,
  { dtype }: Weight,
  floats: MatmulForm,
  { tokens, few }: { tokens: number; few: boolean },
): MatmulForm | undefined {
  const activations = few ? variants.gemvActivations : variants.gemmActivations;
  const traits = packedTraits(dtype);
  if (activations !== 'int8' || !traits) return undefined;
  // Threads take eight rows at most, written out.
  const form = floats.name === 'thread-rows' ? { ...floats, name: 'thread', rows: tokens, tokens } : floats;
  return {
    ...form,
    name: `int8-${form.name}`,
    main: MAINS[form.name]!,
    conditions: {
      wide: traits.includes('wide'),
      halves: traits.includes('halves'),
      // Threads share the loads of x.
      quads: variants.subgroups === 'on',
    },
  };
}
