// npm test: brings what the tests need, runs every runner, and counts over all of them.
//   npm test             unit, kernels and conformance (Node + Dawn), browser
//   npm run test:fast    unit, kernels and conformance without the slow ones
//   npm run test:all     everything, with the soaks
// Only Node is needed to start. The last line is 'N passed, N failed[, N skipped]'.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand } from './setup/command.js';
import { install } from './setup/install.js';
import { ensureModel, WINDOW_MODEL } from './setup/model.js';
import { ROOT } from './setup/paths.js';
import { refuse, say } from './setup/say.js';
import { add, countPlaywright, countVitest, line, readCounts } from './tests/count.js';

/** The soaks: a checkout may have none. */
const OPTIONAL = new Set(['soak']);

const { fast, all } = readArguments();
const started = Date.now();
await install();
await ensureModel();
if (!fast) await ensureModel(WINDOW_MODEL);
const { ensureBrowser } = await import('./setup/install-browser.js');
const browser = await ensureBrowser();
const { adapterEnvironment } = await import('./tests/adapter.js');
const environment = await adapterEnvironment(browser);

const reports = join(ROOT, '.cache', 'reports');
await rm(reports, { recursive: true, force: true });
await mkdir(reports, { recursive: true });

let total = await vitest('unit', { ...process.env });
total = add(total, await vitest('gpu', environment));
if (!fast) {
  total = add(total, await vitest('slow', environment));
  if (all) total = add(total, await vitest('soak', environment));
  total = add(total, await playwright());
}

say(`\nAll of it took ${Math.round((Date.now() - started) / 1000)} s.`);
console.log(line(total));
process.exit(total.failed > 0 ? 1 : 0);

/** One Vitest project (vite.config.ts). A project may have no tests yet; any other may not. */
async function vitest(project, env) {
  say(`\n== ${project} (vitest) ==`);
  const report = join(reports, `${project}.json`);
  const { code } = await node(
    'vitest/vitest.mjs',
    [
      'run',
      `--project=${project}`,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...(OPTIONAL.has(project) ? ['--passWithNoTests'] : []),
    ],
    env,
  );
  const counts = await readCounts(report, countVitest, code, OPTIONAL.has(project));
  say(`${project}: ${line(counts)}`);
  return counts;
}

async function playwright() {
  say('\n== browser (playwright) ==');
  const report = join(reports, 'browser.json');
  const env = {
    ...process.env,
    QUERN_BROWSER: browser,
    ...(all && { QUERN_LONG: '1' }),
    PLAYWRIGHT_JSON_OUTPUT_FILE: report,
  };
  const config = join(ROOT, 'e2e', 'playwright.config.ts');
  const { code } = await node('playwright/cli.js', ['test', '--config', config, '--reporter=list,json'], env);
  const counts = await readCounts(report, countPlaywright, code);
  say(`browser: ${line(counts)}`);
  return counts;
}

function node(script, args, env) {
  return runCommand(process.execPath, [join(ROOT, 'node_modules', script), ...args], { cwd: ROOT, env });
}

function readArguments() {
  try {
    return parseArgs({ options: { fast: { type: 'boolean' }, all: { type: 'boolean' } } }).values;
  } catch (error) {
    return refuse(`${error.message}\nnpm test [-- --fast | --all]`);
  }
}
