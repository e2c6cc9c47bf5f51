// The same tiny model where a weight takes hardly more than a bit, and one with the cache's default type.
import { test } from 'vitest';
import { checkCase } from './check-case.ts';

test.each(['iq1_s', 'tq1_0'])('quant-%s', (type) => checkCase(`quant-${type}`, 'f32'));

test('quant-q8_0, f16 cache', () => checkCase('quant-q8_0', 'f16'));
