// A headless Firefox that nothing drives, with a profile that allows WebGPU on every system. The page reports to the
// server that it comes from.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mayHaveGpu } from '../../scripts/browser/flags.js';
import { findFirefox, findLavapipe } from '../../scripts/setup/find-firefox.js';

const PREFERENCES = {
  'dom.webgpu.enabled': true,
  'dom.webgpu.workers.enabled': true,
  'gfx.webgpu.ignore-blocklist': true,
  // Nothing of its own on the network or the screen.
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.enabled': false,
};

export interface PlainFirefox {
  /** Rejects when the browser ends by itself. */
  readonly ended: Promise<never>;
  close(): Promise<void>;
}

/** What this machine lacks, in words; undefined where Firefox can compute. */
export function missingForFirefox(): string | undefined {
  if (!findFirefox()) {
    return 'no Firefox: install one (Debian: firefox-esr), or name it: QUERN_FIREFOX=/path/to/firefox';
  }
  if (process.platform === 'linux' && !namedDriver() && !mayHaveGpu()) {
    return 'Firefox has no Vulkan driver: install lavapipe (Debian: mesa-vulkan-drivers), or name one: VK_DRIVER_FILES=/path/to/icd.json';
  }
  return undefined;
}

/** `profile`: an empty folder. Where there is no GPU and no driver is named, Vulkan is lavapipe. Throws what is missing. */
export async function openPlainFirefox(url: string, profile: string): Promise<PlainFirefox> {
  const missing = missingForFirefox();
  if (missing !== undefined) throw new Error(missing);
  const firefox = findFirefox()!;
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${value});\n`);
  await writeFile(join(profile, 'user.js'), lines.join(''));
  const child = spawn(firefox, ['--headless', '--no-remote', '--profile', profile, url], {
    stdio: 'ignore',
    env: { ...process.env, ...(await vulkan(profile)) },
  });
  let closing = false;
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const ended = exited.then((): never => {
    if (closing) return new Promise<never>(() => undefined) as never;
    throw new Error(`${firefox} ended by itself`);
  });
  ended.catch(() => undefined);
  return {
    ended,
    async close() {
      closing = true;
      child.kill('SIGTERM');
      await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 5000))]);
      child.kill('SIGKILL');
    },
  };
}

async function vulkan(profile: string): Promise<Record<string, string>> {
  if (process.platform !== 'linux') return {};
  const { XDG_RUNTIME_DIR } = process.env;
  const named = namedDriver();
  // Without one, Firefox finds no driver.
  const runtime = XDG_RUNTIME_DIR ?? join(profile, 'runtime');
  await mkdir(runtime, { recursive: true, mode: 0o700 });
  // The loader of Vulkan has had both names.
  return { XDG_RUNTIME_DIR: runtime, ...(named && { VK_DRIVER_FILES: named, VK_ICD_FILENAMES: named }) };
}

/** VK_ICD_FILENAMES is not asked: it may name the SwiftShader of the tests in Node. */
function namedDriver(): string | undefined {
  return process.env.VK_DRIVER_FILES ?? (mayHaveGpu() ? undefined : findLavapipe());
}
