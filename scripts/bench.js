// npm run bench: `quern bench`, or with --rivals Quern beside other engines in the same browser.
//   npm run bench -- <model> [options]                 as `quern bench`
//   npm run bench -- --rivals [model.gguf] [options]   as `scripts/bench/rivals.js` says
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './setup/paths.js';

const args = process.argv.slice(2);
if (args.includes('--rivals')) {
  const { runRivals } = await import('./bench/rivals.js');
  process.exit(await runRivals(args));
}
const quern = join(ROOT, 'packages', 'quern', 'bin', 'quern.js');
spawn(process.execPath, [quern, 'bench', ...args], { stdio: 'inherit' }).on('exit', (code) =>
  process.exit(code ?? 1),
);
