// Known inputs and what kernels make of them, in f64, for those who hold a device to it: a door of its own
// (`@quern/kernels/twins`), so that it brings no kernel along.
export { attentionRef } from './attention/attention.ref.ts';
export { random, randomF32, randomRows } from './lib/random-rows.ts';
export { matmulRef } from './matmul/matmul.ref.ts';
export { normRef } from './norm/norm.ref.ts';
