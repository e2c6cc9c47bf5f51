// Installs the dependencies when they are missing or older than the lockfile. Uses Node alone.
import { readFileSync, existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from './command.js';
import { ROOT } from './paths.js';
import { refuse, say } from './say.js';

const LEAST_NODE = [20, 19];

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1])) return;
  refuse(`Quern needs Node ${LEAST_NODE.join('.')} or newer; this is ${process.version}.`);
}

/**
 * True when what npm installed is what the lockfile says. npm leaves its own copy of the lockfile in
 * node_modules; every package of ours must be there in the same version, but for those that are
 * meant for other platforms (`optional`).
 */
export function isInstalled(root = ROOT) {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const have = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.includes('node_modules/') || entry.optional || entry.peer) return true;
    return have[path]?.version === entry.version && Boolean(have[path]?.link) === Boolean(entry.link);
  });
}

/** Makes node_modules what the lockfile says; two runs at once take turns. */
export async function install() {
  checkNode();
  if (isInstalled()) return;
  const lock = join(ROOT, '.cache', 'installing');
  await mkdir(join(ROOT, '.cache'), { recursive: true });
  await takeTurn(lock);
  const failure = await installNow().finally(() => rm(lock, { force: true }));
  if (failure) refuse(failure);
}

/** Resolves to what went wrong, if it did. */
async function installNow() {
  if (isInstalled()) return undefined;
  say('Installing the dependencies (npm ci) ...');
  const first = await npm('ci');
  if (first.code === 127) return 'npm was not found; it comes with Node: https://nodejs.org';
  if (first.code === 0) return undefined;
  // npm ci also wants what other platforms would install, which a registry's mirror may not have yet.
  say('npm ci failed; trying npm install, which asks for less ...');
  const second = await npm('install', '--no-save');
  return second.code === 0
    ? undefined
    : 'npm install failed too (see above). Is the package registry in reach?';
}

function npm(...args) {
  return runCommand('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: ROOT });
}

/** The lock is a file with the holder's process id; one whose holder is gone (Ctrl+C) is taken over. */
async function takeTurn(lock) {
  for (;;) {
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
      if (holder > 0 && !isAlive(holder)) await rm(lock, { force: true });
      else await sleep(500);
    }
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
