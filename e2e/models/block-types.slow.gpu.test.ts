// The same tiny model in every other block type, and one with the cache's default type.
import { test } from 'vitest';
import { checkCase } from './check-case.ts';

test.each([
  'f16',
  'bf16',
  'q4_1',
  'q5_0',
  'q5_1',
  'q2_k',
  'q3_k',
  'q5_k',
  'iq4_nl',
  'iq4_xs',
  'mxfp4',
  'tq1_0',
  'tq2_0',
  'iq2_xxs',
  'iq2_s',
  'iq3_xxs',
  'iq3_s',
  'iq1_s',
  'iq1_m',
])('quant-%s', (type) => checkCase(`quant-${type}`, 'f32'));

test('quant-q8_0, f16 cache', () => checkCase('quant-q8_0', 'f16'));
