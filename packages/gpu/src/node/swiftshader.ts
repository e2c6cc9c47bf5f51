// SwiftShader is a Vulkan driver that computes on the CPU; every Chromium carries it and a Vulkan loader.
// This file finds one and makes both known to Dawn in this process.

import { existsSync, readdirSync } from 'node:fs';
import { constants, homedir } from 'node:os';
import { join } from 'node:path';

const ICD = 'vk_swiftshader_icd.json';

/** Where browsers lie, and how many folders below the driver may be. */
function roots(): Array<[folder: string, depth: number]> {
  const home = homedir();
  const { QUERN_SWIFTSHADER, ProgramFiles, LocalAppData } = process.env;
  const known: Array<[folder: string | undefined, depth: number]> = [
    [QUERN_SWIFTSHADER, 0],
    ['/usr/lib/chromium', 0],
    ['/usr/lib/chromium-browser', 0],
    ['/opt/google/chrome', 0],
    ['/opt/microsoft/msedge', 0],
    [join(home, '.cache/ms-playwright'), 2],
    [join(home, 'Library/Caches/ms-playwright'), 8],
    ['/Applications/Google Chrome.app/Contents/Frameworks', 4],
    ['/Applications/Chromium.app/Contents/Frameworks', 4],
    ['/Applications/Microsoft Edge.app/Contents/Frameworks', 4],
    [LocalAppData && join(LocalAppData, 'ms-playwright'), 2],
    [ProgramFiles && join(ProgramFiles, 'Google/Chrome/Application'), 1],
    [ProgramFiles && join(ProgramFiles, 'Microsoft/Edge/Application'), 1],
  ];
  return known.filter((entry): entry is [string, number] => entry[0] !== undefined);
}

function search(folder: string, depth: number): string | undefined {
  if (existsSync(join(folder, ICD))) return folder;
  if (depth === 0 || !existsSync(folder)) return undefined;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const found = entry.isDirectory() ? search(join(folder, entry.name), depth - 1) : undefined;
    if (found) return found;
  }
  return undefined;
}

/** The folder of an installed browser that carries SwiftShader. */
export function findSwiftShader(): string | undefined {
  for (const [folder, depth] of roots()) {
    const found = search(folder, depth);
    if (found) return found;
  }
  return undefined;
}

/** Points the Vulkan loader at SwiftShader. */
export function useSwiftShader(folder: string): void {
  process.env['VK_ICD_FILENAMES'] = join(folder, ICD);
}

const LOADER = 'libvulkan.so.1';
const LIBRARY_FOLDERS = [
  '/usr/lib',
  '/usr/lib64',
  '/usr/local/lib',
  '/lib/x86_64-linux-gnu',
  '/lib/aarch64-linux-gnu',
];

/** Brings the browser's Vulkan loader where a Linux system has none of its own. */
export function bringVulkanLoader(folder: string): void {
  const loader = join(folder, LOADER);
  const system = [...(process.env['LD_LIBRARY_PATH'] ?? '').split(':'), ...LIBRARY_FOLDERS];
  if (process.platform !== 'linux' || !existsSync(loader)) return;
  if (system.some((place) => place !== '' && existsSync(join(place, LOADER)))) return;
  // Loads the library for good, so that Dawn finds it by its name: RTLD_NODELETE keeps it after Node
  // notices that it is no Node addon, which it says by throwing.
  const RTLD_NODELETE = 0x1000;
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  try {
    process.dlopen({ exports: {} }, loader, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  } catch {
    // See above; a library that really did not load shows as no adapter.
  }
}
