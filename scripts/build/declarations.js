// The package's types: what tsc declares of the sources, as far as the three doors reach, with the names of
// private workspaces turned into paths inside the package.

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { PACKAGE, ROOT } from './paths.js';

const DOORS = ['src/index.ts', 'src/node/index.ts', 'src/worker/index.ts'];

/** Writes `outDir`/types: a folder per workspace. */
export async function declarations(outDir) {
  const emitted = await mkdtemp(join(tmpdir(), 'quern-types-'));
  try {
    await emit(emitted);
    const types = join(outDir, 'types');
    await rm(types, { recursive: true, force: true });
    const pending = DOORS.map((door) => join('quern', door.replace(/\.ts$/, '.d.ts')));
    const done = new Set();
    while (pending.length > 0) {
      const file = pending.pop();
      if (done.has(file)) continue;
      done.add(file);
      const { text, reached } = rewrite(await readFile(join(emitted, file), 'utf8'), file);
      await mkdir(dirname(join(types, file)), { recursive: true });
      await writeFile(join(types, file), text);
      pending.push(...reached);
    }
  } finally {
    await rm(emitted, { recursive: true, force: true });
  }
}

async function emit(outDir) {
  const config = join(PACKAGE, 'tsconfig.build.json');
  const tsc = join(
    dirname(createRequire(join(ROOT, 'package.json')).resolve('typescript/package.json')),
    'bin/tsc',
  );
  await run(process.execPath, [tsc, '-p', config, '--outDir', outDir]);
}

const SPECIFIER = /(from\s+|import\(|import\s+)(['"])([^'"]+)\2/g;

/** Paths end in .js, workspaces become paths; `reached` are the declarations that the text leads to. */
function rewrite(text, file) {
  const reached = [];
  const rewritten = text.replace(SPECIFIER, (whole, before, quote, specifier) => {
    let target;
    if (specifier.startsWith('.')) target = join(dirname(file), specifier);
    else if (specifier.startsWith('@quern/')) target = doorOf(specifier);
    else return whole;
    const base = target.replace(/\.(ts|js)$/, '');
    reached.push(`${base}.d.ts`);
    const path = relative(dirname(file), `${base}.js`);
    return `${before}${quote}${path.startsWith('.') ? path : `./${path}`}${quote}`;
  });
  return { text: rewritten, reached };
}

function doorOf(specifier) {
  const [, name, ...rest] = specifier.split('/');
  return join(name, 'src', rest.length > 0 ? `${rest.join('/')}.ts` : 'index.ts');
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    // Whatever a build says belongs on stderr: stdout is the command's own.
    const child = spawn(command, args, { stdio: ['ignore', 2, 2] });
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`the types could not be emitted (tsc ended with ${code})`)),
    );
  });
}
