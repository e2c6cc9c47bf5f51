// What buffers are for, in WebGPU's own numbers (https://www.w3.org/TR/webgpu/#buffer-usage): GPUBufferUsage is a
// global of platforms with WebGPU, and loads are planned on others too.

const COPY_SRC = 0x4;
const COPY_DST = 0x8;
const UNIFORM = 0x40;
const STORAGE = 0x80;

/** Read and written by kernels, and copied to and from. */
export const STORAGE_BUFFER = STORAGE | COPY_DST | COPY_SRC;
/** Parameters of dispatches. */
export const UNIFORM_BUFFER = UNIFORM | COPY_DST;
