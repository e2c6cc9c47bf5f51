// INT4_128: blocks of 128 integers of 4 bits with one scale and zero point. Layout: integer-type.ts.

import { integerType } from './integer-type.ts';

export const int4_128 = integerType('int4_128', 4, 128);
