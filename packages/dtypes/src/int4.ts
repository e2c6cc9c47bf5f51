// INT4: blocks of 32 integers of 4 bits with one scale and zero point. Layout: integer-type.ts.

import { integerType } from './integer-type.ts';

export const int4 = integerType('int4', 4, 32);
