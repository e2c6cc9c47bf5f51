export function kernelsBuild(): { QUERN_KERNELS: string };
