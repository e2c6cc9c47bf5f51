// A tiny model in block types that stand for the others: with plain and with packed scales, with a codebook. The
// kernels' own tests decode every type bit for bit.
import { test } from 'vitest';
import { checkPrefill } from './check-case.ts';

test.each(['q4_0', 'q4_k', 'iq2_xs'])('quant-%s', (type) => checkPrefill(`quant-${type}`));
