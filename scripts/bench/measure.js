// Runs one of e2e's measurements under Playwright, which reads its TypeScript, and brings what it wrote.
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../setup/command.js';
import { ROOT } from '../setup/paths.js';

const FOLDER = join(ROOT, '.cache', 'bench');

/**
 * `settings` reach the file in `folder` as JSON in the variable `name`, with `out`, where it is to put its JSON.
 * Resolves to that, or to undefined when it failed: it has said why.
 */
export async function measure(folder, name, settings, env = {}) {
  await mkdir(FOLDER, { recursive: true });
  const out = join(FOLDER, `${process.pid}.json`);
  const playwright = join(ROOT, 'node_modules', 'playwright', 'cli.js');
  const config = join(ROOT, 'e2e', 'figures.config.ts');
  const { code } = await runCommand(process.execPath, [playwright, 'test', '--config', config, folder], {
    cwd: ROOT,
    env: { ...process.env, ...env, [name]: JSON.stringify({ ...settings, out }) },
  });
  if (code !== 0) return undefined;
  const json = await readFile(out, 'utf8');
  await rm(out);
  return JSON.parse(json);
}
