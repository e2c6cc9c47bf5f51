// The command line: picks the command, turns errors into a line on stderr and an exit code.

import { QuernError } from '@quern/spec';
import { bench } from './bench.ts';
import { cache } from './cache.ts';
import { download } from './download.ts';
import { inspect } from './inspect.ts';
import { perplexity } from './perplexity.ts';
import { run } from './run.ts';
import type { Command, Tools } from './tools.ts';

const COMMANDS: Record<string, Command> = { run, inspect, bench, perplexity, download, cache };

const HELP = `${Object.values(COMMANDS)
  .map(({ usage }) => usage)
  .join('\n\n')}

<model> is a .gguf file, a folder, a hub id (owner/name, owner/name:Q4_K_M) or a URL.
What is downloaded is kept under QUERN_CACHE (default ~/.cache/quern); HF_TOKEN and HF_ENDPOINT are heeded.
`;

/** The exit code: 0, 1 for an error, 130 when cancelled. */
export async function main(args: string[], tools: Tools): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    (name === undefined ? tools.err : tools.out)(HELP);
    return name === undefined ? 1 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    tools.err(`quern: no command ${JSON.stringify(name)}; there are ${Object.keys(COMMANDS).join(', ')}.\n`);
    return 1;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    tools.out(`${command.usage}\n`);
    return 0;
  }
  try {
    await command.run(rest, tools);
    return 0;
  } catch (error) {
    const { code, message, stack } = QuernError.from(error);
    if (code === 'aborted' && tools.signal.aborted) {
      tools.err('\nquern: cancelled\n');
      return 130;
    }
    tools.err(`quern: ${message} [${code}]\n`);
    if (code === 'internal' && stack) tools.err(`${stack}\n`);
    return 1;
  }
}
