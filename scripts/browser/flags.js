// Which flags a headless Chromium needs to have WebGPU on this machine.
import { existsSync, readdirSync } from 'node:fs';

/** The GPU of the machine, if it has one. Linux needs Vulkan named, and no surface to draw on. */
export const REAL =
  process.platform === 'linux'
    ? ['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--use-angle=vulkan', '--disable-vulkan-surface']
    : ['--enable-unsafe-webgpu'];

/** SwiftShader, which every Chromium brings: slow, and the same everywhere. */
export const SOFTWARE = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** False where there is surely no GPU: then SwiftShader need not wait for a failed try. */
export function mayHaveGpu() {
  if (process.platform !== 'linux') return true;
  if (existsSync('/dev/nvidia0') || existsSync('/dev/dxg')) return true;
  return existsSync('/dev/dri') && readdirSync('/dev/dri').some((name) => name.startsWith('renderD'));
}
