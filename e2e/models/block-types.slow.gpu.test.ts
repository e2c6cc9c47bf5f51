// More block types of the same tiny model.
import { test } from 'vitest';
import { checkCase } from './check-case.ts';

test.each(['q8_0', 'q6_k'])('quant-%s', (type) => checkCase(`quant-${type}`, 'f32'));
