// Runs other programs.
import { spawn } from 'node:child_process';

/**
 * Runs a program and resolves to { code, output }; output is kept only with `quiet`, else it goes to
 * stderr as it comes. Never rejects: a program that is not there gives code 127.
 */
export function runCommand(command, args, { cwd, env, quiet = false } = {}) {
  return new Promise((resolve) => {
    // npm and npx are .cmd files on Windows, which only a shell can start.
    const shell = process.platform === 'win32' && (command === 'npm' || command === 'npx');
    const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', process.stderr, process.stderr];
    const child = spawn(command, args, { cwd, env: env ?? process.env, stdio, shell });
    let output = '';
    child.stdout?.on('data', (bytes) => (output += bytes));
    child.stderr?.on('data', (bytes) => (output += bytes));
    child.on('error', () => resolve({ code: 127, output }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
