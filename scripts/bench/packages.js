// Other engines' packages: no dependency of anything here, fetched when somebody asks for the comparison.
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../setup/command.js';
import { ROOT } from '../setup/paths.js';
import { refuse, say } from '../setup/say.js';

const FOLDER = join(ROOT, '.cache', 'rivals');

/** Where they lie once they are there. */
export const PACKAGES = join(FOLDER, 'node_modules');

export const WLLAMA = { name: '@wllama/wllama', version: '3.8.1' };
/** Its builds for CUDA, Vulkan and Metal come as optional packages. */
export const LLAMA = { name: 'node-llama-cpp', version: '3.22.1' };

/** Installs a package at its version, beside those that are there. Ends the program where npm cannot. */
export async function ensurePackage({ name, version }) {
  const manifest = join(PACKAGES, name, 'package.json');
  if (existsSync(manifest) && JSON.parse(await readFile(manifest, 'utf8')).version === version) return;
  const wanted = `${name}@${version}`;
  say(`Installing ${wanted} into ${FOLDER} ...`);
  await mkdir(FOLDER, { recursive: true });
  const quiet = ['--ignore-scripts', '--save-exact', '--no-audit', '--no-fund'];
  const args = ['install', '--prefix', FOLDER, ...quiet, wanted];
  const { code } = await runCommand('npm', args, { cwd: FOLDER });
  if (code !== 0) refuse(`npm could not install ${wanted}: is a registry in reach?`);
}
