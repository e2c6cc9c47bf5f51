// npm run bench -- --rivals: reads the options, brings what is missing, has Playwright measure
// (e2e/rivals/rivals.bench.ts), shows the result. No engine is known here but the one to install.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildIfStale } from '../build/fresh.js';
import { runCommand } from '../setup/command.js';
import { ensureBrowser } from '../setup/install-browser.js';
import { ensureModel } from '../setup/model.js';
import { ROOT } from '../setup/paths.js';
import { refuse, say } from '../setup/say.js';
import { rivalsTable } from './rivals-table.js';

/** Not a dependency of anything: fetched when somebody asks for the comparison, at this version. */
const WLLAMA = '@wllama/wllama@3.8.1';
const RIVALS = join(ROOT, '.cache', 'rivals');

const USAGE = `npm run bench -- --rivals [model.gguf] [options]

  --onnx FOLDER    the same model for Transformers.js: config.json, tokenizer.json, onnx/
  --dtype q4       which of its files: q4, q4f16, fp16, fp32
  -p 128           tokens of the prompt, about
  -n 32            tokens written after it
  -r 3             rounds
  --json           the result as JSON instead of a table`;

/** Resolves to the exit code. The result goes to stdout, all else to stderr. */
export async function runRivals(args) {
  const { values, positionals } = read(args);
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const model = positionals[0] === undefined ? await ensureModel() : resolve(positionals[0]);
  const onnx = values.onnx === undefined ? undefined : resolve(values.onnx);
  for (const path of [model, onnx]) if (path && !existsSync(path)) refuse(`There is no ${path}.`);
  const browser = await ensureBrowser();
  await buildIfStale('page');
  await buildIfStale('worker');
  await installWllama();
  const out = join(RIVALS, `result-${process.pid}.json`);
  const settings = {
    model,
    onnx,
    dtype: values.dtype,
    promptTokens: whole(values.prompt, 'prompt'),
    decodeTokens: whole(values.tokens, 'tokens'),
    rounds: whole(values.rounds, 'rounds'),
    rivals: join(RIVALS, 'node_modules'),
    out,
  };
  const playwright = join(ROOT, 'node_modules', 'playwright', 'cli.js');
  const config = join(ROOT, 'e2e', 'figures.config.ts');
  const { code } = await runCommand(
    process.execPath,
    [playwright, 'test', '--config', config, 'e2e/rivals/'],
    {
      cwd: ROOT,
      env: { ...process.env, QUERN_BROWSER: browser, QUERN_RIVALS: JSON.stringify(settings) },
    },
  );
  if (code !== 0) return code;
  const json = await readFile(out, 'utf8');
  await rm(out);
  process.stdout.write(values.json ? `${json}\n` : rivalsTable(JSON.parse(json)));
  return 0;
}

async function installWllama() {
  const folder = join(RIVALS, 'node_modules', '@wllama', 'wllama', 'package.json');
  const version = WLLAMA.slice(WLLAMA.lastIndexOf('@') + 1);
  if (existsSync(folder) && JSON.parse(await readFile(folder, 'utf8')).version === version) return;
  say(`Installing ${WLLAMA} into ${RIVALS} ...`);
  await mkdir(RIVALS, { recursive: true });
  const quiet = ['--ignore-scripts', '--no-save', '--no-audit', '--no-fund'];
  const { code } = await runCommand('npm', ['install', '--prefix', RIVALS, ...quiet, WLLAMA], {
    cwd: RIVALS,
  });
  if (code !== 0) refuse(`npm could not install ${WLLAMA}: is a registry in reach?`);
}

function read(args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        rivals: { type: 'boolean' },
        help: { type: 'boolean' },
        json: { type: 'boolean' },
        onnx: { type: 'string' },
        dtype: { type: 'string', default: 'q4' },
        prompt: { type: 'string', short: 'p', default: '128' },
        tokens: { type: 'string', short: 'n', default: '32' },
        rounds: { type: 'string', short: 'r', default: '3' },
      },
    });
  } catch (error) {
    return refuse(`${error.message}\n\n${USAGE}`);
  }
}

function whole(text, name) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    refuse(`--${name} takes a whole number from 1, not '${text}'.`);
  return value;
}
