// WebGPU in Node, Deno and Bun: Dawn, from the npm package `webgpu`.

import { createRequire } from 'node:module';
import { QuernError } from '@quern/spec';
import { bringVulkanLoader, findSwiftShader, useSwiftShader } from './swiftshader.ts';

/** Dawn ends the process when an instance is collected while its threads run, so they are kept for good. */
const instances: GPU[] = [];

/**
 * Dawn's WebGPU entry point, on the machine's GPU or else on a browser's SwiftShader.
 * Throws 'webgpu-unavailable' where the package or every adapter is missing.
 */
export async function openDawn(): Promise<GPU> {
  const { create, globals } = await import('webgpu').catch((cause: unknown) => {
    throw new QuernError(
      'webgpu-unavailable',
      'WebGPU in Node needs the npm package "webgpu": npm install webgpu',
      {
        cause,
      },
    );
  });
  Object.assign(globalThis, globals);
  const attempt = async (): Promise<GPU | undefined> => {
    const entry = create([]);
    instances.push(entry);
    return (await entry.requestAdapter()) ? entry : undefined;
  };
  const folder = findSwiftShader();
  if (folder) bringVulkanLoader(folder);
  const first = await attempt();
  if (first) return first;
  if (folder) useSwiftShader(folder);
  const second = folder && (await attempt());
  if (second) return second;
  throw new QuernError(
    'webgpu-unavailable',
    folder
      ? `Neither a GPU nor the SwiftShader in ${folder} gave a WebGPU adapter.`
      : 'No GPU and no software adapter: install Chromium or Chrome, which carry SwiftShader, or set ' +
          'QUERN_SWIFTSHADER to the folder of vk_swiftshader_icd.json.',
  );
}

/** Of the npm package, '' where it does not tell. */
export function dawnVersion(): string {
  try {
    const { version } = createRequire(import.meta.url)('webgpu/package.json') as { version?: unknown };
    return typeof version === 'string' ? version : '';
  } catch {
    return ''; // a package that hides its manifest, or none
  }
}
