// FP8_128: blocks of 128 FP8 numbers with one scale. Layout: fp8-type.ts.

import { fp8Type } from './fp8-type.ts';

export const fp8_128 = fp8Type('fp8_128', 128);
