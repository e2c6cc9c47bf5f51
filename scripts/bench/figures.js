// `npm run bench -- --growth` and `-- --device`: the figures of e2e/figures on this machine, in a process of their own.
//   --growth [--only prompt,depth,rows,size] [--out F.json] [--plot F.svg]   cost against prompt length, depth, batch rows and model size
//   --device [--tiny] [--sizes 1B,8B] [--out]  for a machine with a real GPU: the kernel tests, then its speeds
import { readFile, writeFile } from 'node:fs/promises';
import { runCommand } from '../setup/command.js';
import { BENCH, buildBench } from './build.js';
import { plot } from './plot.js';

/** Resolves to the exit code. `args` without the option that chose this. */
export async function runFigures(what, args) {
  await buildBench();
  const [rest, svg] = takeOption(args, '--plot');
  if (what === 'device' && !rest.includes('--tiny')) {
    const { code } = await runCommand(process.execPath, [BENCH, 'suite'], {});
    if (code !== 0) return code;
  }
  const { code } = await runCommand(process.execPath, [BENCH, what, ...rest], {});
  const [, out] = takeOption(rest, '--out');
  if (code === 0 && svg !== undefined && out !== undefined)
    await writeFile(svg, plot(JSON.parse(await readFile(out, 'utf8'))));
  return code;
}

function takeOption(args, name) {
  const at = args.indexOf(name);
  return at < 0 ? [args, undefined] : [args.toSpliced(at, 2), args[at + 1]];
}
