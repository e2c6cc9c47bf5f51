// A tiny model in block types that stand for the others: without scales, with plain and with packed ones, with
// a codebook. The kernels' own tests decode every type.
import { test } from 'vitest';
import { checkCase } from './check-case.ts';

test.each(['f32', 'q4_0', 'q8_0', 'q4_k', 'q6_k', 'iq2_xs'])('quant-%s', (type) =>
  checkCase(`quant-${type}`, 'f32'),
);
