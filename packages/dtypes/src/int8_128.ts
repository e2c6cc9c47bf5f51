// INT8_128: blocks of 128 integers of 8 bits with one scale and zero point. Layout: integer-type.ts.

import { integerType } from './integer-type.ts';

export const int8_128 = integerType('int8_128', 8, 128);
