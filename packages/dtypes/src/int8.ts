// INT8: blocks of 32 integers of 8 bits with one scale and zero point. Layout: integer-type.ts.

import { integerType } from './integer-type.ts';

export const int8 = integerType('int8', 8, 32);
