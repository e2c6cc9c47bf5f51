// Packs the package as npm would publish it, installs the tarball into an empty project outside of this
// repository, and builds that project with Vite.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'vite';
import { ROOT } from '../../scripts/setup/paths.js';

const run = promisify(execFile);
const shell = process.platform === 'win32';

export interface Project {
  /** The built site of the stranger's page. */
  site: string;
  /** The installed package. */
  package: string;
  remove(): Promise<void>;
}

/** `npm run build && npm pack`, then an install of the tarball and a build on top of it. */
export async function installPacked(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'quern-package-'));
  await run('npm', ['run', '--silent', 'build'], { cwd: ROOT, shell });
  await run('npm', ['pack', '--silent', '-w', 'packages/quern', '--pack-destination', folder], {
    cwd: ROOT,
    shell,
  });
  const [tarball] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  if (!tarball) throw new Error('npm pack made no tarball');

  const project = join(folder, 'project');
  await cp(join(ROOT, 'e2e', 'package', 'app'), project, { recursive: true });
  await writeFile(
    join(project, 'package.json'),
    JSON.stringify({ name: 'stranger', private: true, type: 'module' }),
  );
  const install = ['install', '--silent', '--no-audit', '--no-fund', '--ignore-scripts', '--omit=peer'];
  await run('npm', [...install, join('..', tarball)], { cwd: project, shell });
  await build({
    root: project,
    configFile: false,
    logLevel: 'warn',
    build: { modulePreload: { polyfill: false } },
  });
  return {
    site: join(project, 'dist'),
    package: join(project, 'node_modules', 'quern'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Every file under a folder, as paths relative to it. */
export async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name).slice(folder.length + 1));
}
