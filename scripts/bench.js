// npm run bench: `quern bench`; with --rivals Quern beside other engines; with --browser in another browser.
//   npm run bench -- <model> [options]                           as `quern bench`
//   npm run bench -- --rivals [model.gguf] [options]             as `scripts/bench/rivals.js` says
//   npm run bench -- --browser firefox [model.gguf] [options]    as `scripts/bench/firefox.js` says
//   npm run bench -- --growth | --device [options]               as `scripts/bench/figures.js` says
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './setup/paths.js';

const args = process.argv.slice(2);
if (args.includes('--rivals')) {
  const { runRivals } = await import('./bench/rivals.js');
  process.exit(await runRivals(args));
}
if (args.some((arg) => /^--browser(=|$)/.test(arg))) {
  const { runFirefox } = await import('./bench/firefox.js');
  process.exit(await runFirefox(args));
}
for (const what of ['growth', 'device']) {
  if (!args.includes(`--${what}`)) continue;
  const { runFigures } = await import('./bench/figures.js');
  const rest = args.filter((arg) => arg !== `--${what}`);
  process.exit(await runFigures(what, rest));
}
const quern = join(ROOT, 'packages', 'quern', 'bin', 'quern.js');
spawn(process.execPath, [quern, 'bench', ...args], { stdio: 'inherit' }).on('exit', (code) =>
  process.exit(code ?? 1),
);
