// npm run bench -- --browser firefox: Quern in the Firefox of this machine, on its GPU or on Mesa's lavapipe.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildIfStale } from '../build/fresh.js';
import { ensureModel } from '../setup/model.js';
import { refuse } from '../setup/say.js';
import { firefoxTable } from './firefox-table.js';
import { measure } from './measure.js';
import { whole } from './whole.js';

const USAGE = `npm run bench -- --browser firefox [model.gguf] [options]

  -p 128           tokens of the prompt
  -n 32            tokens written after it
  --context 512    tokens that the cache has room for
  -r 3             rounds
  --json           the result as JSON instead of a table

Needs Firefox (QUERN_FIREFOX names one) and, where there is no GPU, Mesa's lavapipe (Debian:
apt-get install firefox-esr mesa-vulkan-drivers; VK_DRIVER_FILES names another driver).`;

/** Resolves to the exit code. The result goes to stdout, all else to stderr. */
export async function runFirefox(args) {
  const { values, positionals } = read(args);
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  if (values.browser !== 'firefox') {
    refuse(
      `--browser takes firefox, not '${values.browser}': --rivals and the page /bench/ measure in Chromium.`,
    );
  }
  const model = positionals[0] === undefined ? await ensureModel() : resolve(positionals[0]);
  if (!existsSync(model)) refuse(`There is no ${model}.`);
  await buildIfStale('page');
  await buildIfStale('worker');
  const result = await measure('e2e/firefox/', 'QUERN_FIREFOX_BENCH', {
    model,
    promptTokens: whole(values.prompt, 'prompt'),
    decodeTokens: whole(values.tokens, 'tokens'),
    contextLength: whole(values.context, 'context'),
    rounds: whole(values.rounds, 'rounds'),
  });
  if (!result) return 1;
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : firefoxTable(result));
  return 0;
}

function read(args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        browser: { type: 'string' },
        help: { type: 'boolean' },
        json: { type: 'boolean' },
        prompt: { type: 'string', short: 'p', default: '128' },
        tokens: { type: 'string', short: 'n', default: '32' },
        context: { type: 'string', default: '512' },
        rounds: { type: 'string', short: 'r', default: '3' },
      },
    });
  } catch (error) {
    return refuse(`${error.message}\n\n${USAGE}`);
  }
}
