// Block types of the same tiny model, with decode and greedy ids.
import { test } from 'vitest';
import { checkCase } from './check-case.ts';

test.each(['q4_0', 'q4_k', 'iq2_xs', 'q8_0', 'q6_k'])('quant-%s', (type) =>
  checkCase(`quant-${type}`, 'f32'),
);
