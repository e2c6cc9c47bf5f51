// FP8: blocks of 32 FP8 numbers with one scale. Layout: fp8-type.ts.

import { fp8Type } from './fp8-type.ts';

export const fp8 = fp8Type('fp8', 32);
